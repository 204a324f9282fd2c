#include "edge/engineio/outbox.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define NO_LIMIT SIZE_MAX

static struct frame *numbered(unsigned n)
{
    char text[16];

    snprintf(text, sizeof(text), "4%03u", n);
    return frame_new(FRAME_TEXT, span_of(text));
}

// Of each of them.
static size_t cost(void)
{
    struct frame *frame = numbered(0);
    size_t bytes = frame_cost(frame);

    frame_unref(frame);
    return bytes;
}

static bool push(struct outbox *outbox, unsigned n, size_t max_bytes)
{
    struct frame *frame = numbered(n);
    bool ok = outbox_push(outbox, frame, max_bytes);

    frame_unref(frame); // the outbox has its own reference
    return ok;
}

static void assert_holds(const struct outbox *outbox, unsigned first, unsigned count)
{
    assert_int_equal(outbox->count, count);
    assert_int_equal(outbox->bytes, count * cost());
    for (unsigned i = 0; i < count; i++) {
        struct frame *expected = numbered(first + i);
        assert_bytes(frame_packet(outbox_at(outbox, i)), frame_packet(expected));
        frame_unref(expected);
    }
}

static void begins_empty(void **state)
{
    struct outbox outbox = {0};

    (void)state;
    assert_int_equal(outbox.capacity, 0);
    outbox_drop(&outbox, 0);
    outbox_fini(&outbox);
}

static void keeps_the_order_while_it_grows(void **state)
{
    struct outbox outbox = {0};

    (void)state;
    for (unsigned n = 0; n < 100; n++) {
        assert_true(push(&outbox, n, NO_LIMIT));
        assert_holds(&outbox, 0, n + 1);
    }
    outbox_fini(&outbox);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(outbox.bytes, 0);
}

static void wraps_around(void **state)
{
    struct outbox outbox = {0};
    unsigned first = 0;

    (void)state;
    for (unsigned n = 0; n < 50; n++) {
        assert_true(push(&outbox, n, NO_LIMIT));
        if (outbox.count == 3) {
            outbox_drop(&outbox, 2);
            first += 2;
        }
        assert_holds(&outbox, first, n + 1 - first);
    }
    assert_int_equal(outbox.capacity, 4); // it never had to grow
    outbox_fini(&outbox);
}

static void grows_where_it_wraps(void **state)
{
    (void)state;
    for (unsigned dropped = 1; dropped < 4; dropped++) {
        struct outbox outbox = {0};
        for (unsigned n = 0; n < 4; n++)
            assert_true(push(&outbox, n, NO_LIMIT));
        outbox_drop(&outbox, dropped);
        for (unsigned n = 4; n < 12; n++)
            assert_true(push(&outbox, n, NO_LIMIT));
        assert_holds(&outbox, dropped, 12 - dropped);
        outbox_fini(&outbox);
    }
}

static void drops_everything(void **state)
{
    struct outbox outbox = {0};

    (void)state;
    for (unsigned n = 0; n < 5; n++)
        assert_true(push(&outbox, n, NO_LIMIT));
    outbox_drop(&outbox, 5);
    assert_holds(&outbox, 0, 0);
    assert_true(push(&outbox, 7, NO_LIMIT));
    assert_holds(&outbox, 7, 1);
    outbox_fini(&outbox);
}

static void limits_the_bytes(void **state)
{
    struct outbox outbox = {0};

    (void)state;
    assert_true(push(&outbox, 0, 2 * cost()));
    assert_true(push(&outbox, 1, 2 * cost()));
    assert_false(push(&outbox, 2, 2 * cost()));
    assert_holds(&outbox, 0, 2);
    outbox_drop(&outbox, 1);
    assert_false(push(&outbox, 2, 2 * cost() - 1));
    assert_true(push(&outbox, 2, 2 * cost()));
    assert_holds(&outbox, 1, 2);
    outbox_fini(&outbox);
}

static void one_always_fits(void **state)
{
    struct outbox outbox = {0};

    (void)state;
    assert_true(push(&outbox, 0, 1));
    assert_false(push(&outbox, 1, 1));
    assert_holds(&outbox, 0, 1);
    outbox_fini(&outbox);
}

static void takes_a_reference_for_each_place(void **state)
{
    struct outbox a = {0}, b = {0};
    struct frame *frame = numbered(1);

    (void)state;
    assert_true(outbox_push(&a, frame, NO_LIMIT));
    assert_true(outbox_push(&a, frame, NO_LIMIT));
    assert_true(outbox_push(&b, frame, NO_LIMIT));
    frame_unref(frame);
    outbox_drop(&a, 1);
    assert_ptr_equal(outbox_at(&a, 0), outbox_at(&b, 0));
    outbox_fini(&a);
    assert_holds(&b, 1, 1);
    outbox_fini(&b);
}

// What a rush needed is given back when it is over.
static void shrinks_when_it_is_empty(void **state)
{
    struct outbox outbox = {0};

    (void)state;
    for (unsigned n = 0; n < 1000; n++)
        assert_true(push(&outbox, n, NO_LIMIT));
    outbox_drop(&outbox, 999);
    assert_int_equal(outbox.capacity, 1024);
    outbox_drop(&outbox, 1);
    assert_int_equal(outbox.capacity, 0);
    assert_true(push(&outbox, 5, NO_LIMIT));
    assert_holds(&outbox, 5, 1);
    outbox_fini(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_empty),
        cmocka_unit_test(keeps_the_order_while_it_grows),
        cmocka_unit_test(wraps_around),
        cmocka_unit_test(grows_where_it_wraps),
        cmocka_unit_test(drops_everything),
        cmocka_unit_test(limits_the_bytes),
        cmocka_unit_test(shrinks_when_it_is_empty),
        cmocka_unit_test(one_always_fits),
        cmocka_unit_test(takes_a_reference_for_each_place),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
