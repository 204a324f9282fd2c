#include "relay/routing/room_list.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static struct room_list list;

static int tear_down(void **state)
{
    (void)state;
    room_list_clear(&list);
    return 0;
}

static enum room_added add(const char *name)
{
    buffer_append(&list.text, span_of(name));
    return room_list_add(&list);
}

static void holds(const char *expected)
{
    struct buffer names = {0};

    room_list_views(&list);
    for (size_t i = 0; i < list.count; i++)
        buffer_printf(&names, SPAN_FMT " ", SPAN_ARG(list.rooms[i]));
    assert_span(buffer_span(&names), expected);
    buffer_fini(&names);
}

static void keeps_the_order_and_each_once(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        room_list_clear(&list);
        assert_int_equal(add("b"), ROOM_ADDED);
        assert_int_equal(add("b"), ROOM_ADDED);
        assert_int_equal(add("a"), ROOM_ADDED);
        assert_int_equal(add("ab"), ROOM_ADDED);
        assert_int_equal(add("b"), ROOM_ADDED);
        assert_int_equal(add("ab"), ROOM_ADDED);
        holds("b a ab ");
    }
}

static void refuses_what_is_no_name(void **state)
{
    char name[ROOM_MAX_BYTES + 2];

    (void)state;
    memset(name, 'x', sizeof(name));
    name[ROOM_MAX_BYTES] = '\0';
    assert_int_equal(add(name), ROOM_ADDED);
    room_list_clear(&list);
    name[ROOM_MAX_BYTES] = 'x';
    name[ROOM_MAX_BYTES + 1] = '\0';
    assert_int_equal(add(name), ROOM_NO_NAME);
    room_list_clear(&list);
    assert_int_equal(add("a\n"), ROOM_NO_NAME);
}

static void is_full_at_its_limit(void **state)
{
    char name[16];

    (void)state;
    for (unsigned i = 0; i < ENVELOPE_ROOMS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "room %u", i);
        assert_int_equal(add(name), ROOM_ADDED);
    }
    assert_int_equal(list.count, ENVELOPE_ROOMS_MAX);
    assert_int_equal(add("room 5"), ROOM_ADDED);
    assert_int_equal(list.count, ENVELOPE_ROOMS_MAX);
    assert_int_equal(add("room"), ROOM_TOO_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keeps_the_order_and_each_once, tear_down),
        cmocka_unit_test_teardown(refuses_what_is_no_name, tear_down),
        cmocka_unit_test_teardown(is_full_at_its_limit, tear_down),
    };
    int failed = cmocka_run_group_tests_name("room_list", tests, NULL, NULL);

    room_list_fini(&list);
    return failed;
}
