#include "common/deadlines.h"

#include "tests/unit/unit.h"

#define START 1000

// A queue of 100 ms and one of 30 ms, with items that note when they fall due.
struct fixture {
    struct deadlines clock;
    struct deadline_queue slow, fast;
    struct deadline items[3];
    char log[32];
    struct deadline *cancel; // by whichever falls due first
    bool again;              // arm anew when due
};

static void on_due(struct deadline *deadline, void *arg)
{
    struct fixture *f = arg;
    char letter = (char)('a' + (deadline - f->items));

    assert_false(deadline_is_armed(deadline));
    strncat(f->log, &letter, 1);
    if (f->cancel)
        deadline_cancel(f->cancel);
    if (f->again)
        deadline_arm(deadline, &f->slow);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    deadlines_init(&f->clock, START);
    deadline_queue_init(&f->slow, &f->clock, 100, on_due, f);
    deadline_queue_init(&f->fast, &f->clock, 30, on_due, f);
    for (size_t i = 0; i < ARRAY_LEN(f->items); i++)
        deadline_init(&f->items[i]);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void falls_due_at_its_time(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[0], &f->slow);
    assert_int_equal(deadlines_next_ms(&f->clock), START + 100);
    deadlines_run(&f->clock, START + 99);
    assert_string_equal(f->log, "");
    deadlines_run(&f->clock, START + 100);
    assert_string_equal(f->log, "a");
    deadlines_run(&f->clock, START + 500);
    assert_string_equal(f->log, "a");
}

static void nothing_armed_never_falls_due(void **state)
{
    struct fixture *f = *state;

    assert_true(deadlines_next_ms(&f->clock) == UINT64_MAX);
    deadlines_run(&f->clock, START + 1000000);
    assert_string_equal(f->log, "");
}

static void next_is_the_earliest_of_all_queues(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[0], &f->slow);
    deadline_arm(&f->items[1], &f->fast);
    assert_int_equal(deadlines_next_ms(&f->clock), START + 30);
    deadline_cancel(&f->items[1]);
    assert_int_equal(deadlines_next_ms(&f->clock), START + 100);
}

static void long_ones_may_be_a_little_late(void **state)
{
    struct fixture *f = *state;
    struct deadline_queue heartbeats;

    deadline_queue_init(&heartbeats, &f->clock, 25000, on_due, f);
    deadline_arm(&f->items[0], &heartbeats);
    assert_int_equal(deadlines_next_ms(&f->clock), START + 25000 + 25);
    deadlines_run(&f->clock, START + 25000);
    assert_string_equal(f->log, "a");
    deadline_queue_fini(&heartbeats);
}

static void next_step_counts_from_the_last(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[0], &f->fast);
    deadlines_run(&f->clock, START + 35);
    deadline_arm_next(&f->items[0], &f->slow);
    assert_int_equal(deadlines_next_ms(&f->clock), START + 130);
    deadlines_run(&f->clock, START + 130 + 101);
    deadline_arm_next(&f->items[0], &f->slow); // held up: a new start
    assert_int_equal(deadlines_next_ms(&f->clock), START + 331);
}

static void keeps_the_order_of_arming(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[2], &f->slow);
    deadlines_run(&f->clock, START + 10);
    deadline_arm(&f->items[0], &f->slow);
    deadline_arm(&f->items[1], &f->slow);
    deadlines_run(&f->clock, START + 100);
    assert_string_equal(f->log, "c");
    deadlines_run(&f->clock, START + 110);
    assert_string_equal(f->log, "cab");
}

static void arming_again_starts_anew(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[0], &f->slow);
    deadline_arm(&f->items[1], &f->slow);
    deadlines_run(&f->clock, START + 50);
    deadline_arm(&f->items[0], &f->slow);
    deadlines_run(&f->clock, START + 100);
    assert_string_equal(f->log, "b");
    deadlines_run(&f->clock, START + 150);
    assert_string_equal(f->log, "ba");
}

static void moves_to_another_queue(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[0], &f->slow);
    deadline_arm(&f->items[0], &f->fast);
    deadlines_run(&f->clock, START + 30);
    assert_string_equal(f->log, "a");
    assert_true(deadlines_next_ms(&f->clock) == UINT64_MAX);
}

static void cancelling_is_harmless_when_not_armed(void **state)
{
    struct fixture *f = *state;

    deadline_cancel(&f->items[0]);
    deadline_arm(&f->items[0], &f->slow);
    assert_true(deadline_is_armed(&f->items[0]));
    deadline_cancel(&f->items[0]);
    deadline_cancel(&f->items[0]);
    assert_false(deadline_is_armed(&f->items[0]));
    deadlines_run(&f->clock, START + 1000);
    assert_string_equal(f->log, "");
}

static void one_may_cancel_another_that_is_due_too(void **state)
{
    struct fixture *f = *state;

    f->cancel = &f->items[2];
    for (size_t i = 0; i < ARRAY_LEN(f->items); i++)
        deadline_arm(&f->items[i], &f->slow);
    deadlines_run(&f->clock, START + 100);
    assert_string_equal(f->log, "ab");
}

static void one_armed_again_waits_for_a_later_turn(void **state)
{
    struct fixture *f = *state;

    f->again = true;
    f->slow.length_ms = 0;
    deadline_arm(&f->items[0], &f->slow);
    deadlines_run(&f->clock, START);
    assert_string_equal(f->log, "a");
    deadlines_run(&f->clock, START);
    assert_string_equal(f->log, "aa");
}

static void a_queue_that_ends_cancels_what_waits(void **state)
{
    struct fixture *f = *state;

    deadline_arm(&f->items[0], &f->fast);
    deadline_arm(&f->items[1], &f->slow);
    deadline_queue_fini(&f->fast);
    assert_false(deadline_is_armed(&f->items[0]));
    assert_int_equal(deadlines_next_ms(&f->clock), START + 100);
    deadlines_run(&f->clock, START + 1000);
    assert_string_equal(f->log, "b");
}

#define DEADLINE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEADLINE_TEST(falls_due_at_its_time),
        DEADLINE_TEST(nothing_armed_never_falls_due),
        DEADLINE_TEST(next_is_the_earliest_of_all_queues),
        DEADLINE_TEST(long_ones_may_be_a_little_late),
        DEADLINE_TEST(next_step_counts_from_the_last),
        DEADLINE_TEST(keeps_the_order_of_arming),
        DEADLINE_TEST(arming_again_starts_anew),
        DEADLINE_TEST(moves_to_another_queue),
        DEADLINE_TEST(cancelling_is_harmless_when_not_armed),
        DEADLINE_TEST(one_may_cancel_another_that_is_due_too),
        DEADLINE_TEST(one_armed_again_waits_for_a_later_turn),
        DEADLINE_TEST(a_queue_that_ends_cancels_what_waits),
    };

    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
