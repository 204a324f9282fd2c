#include "relay/event_log/dedup.h"

#include "tests/unit/unit.h"

static struct dedup *dedup;

static int set_up(void **state)
{
    (void)state;
    dedup = dedup_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dedup_free(dedup);
    return 0;
}

static void knows_what_was_added(void **state)
{
    struct span id = exact_copy(SPAN_LIT("a1"));

    (void)state;
    dedup_add(dedup, id);
    free((void *)id.ptr); // it does not need it any more
    assert_true(dedup_take(dedup, SPAN_LIT("a1")));
    assert_false(dedup_take(dedup, SPAN_LIT("a1")));
    assert_int_equal(dedup_count(dedup), 0);
}

static void does_not_know_others(void **state)
{
    (void)state;
    dedup_add(dedup, SPAN_LIT("a1"));
    assert_false(dedup_take(dedup, SPAN_LIT("a")));
    assert_false(dedup_take(dedup, SPAN_LIT("a10")));
    assert_false(dedup_take(dedup, SPAN_LIT("")));
    assert_int_equal(dedup_count(dedup), 1);
}

static void lets_as_many_be_skipped_as_there_were(void **state)
{
    (void)state;
    dedup_add(dedup, SPAN_LIT("a"));
    dedup_add(dedup, SPAN_LIT("b"));
    dedup_add(dedup, SPAN_LIT("a"));
    assert_int_equal(dedup_count(dedup), 2);
    assert_int_equal(dedup_times(dedup, SPAN_LIT("a")), 2);
    assert_true(dedup_take(dedup, SPAN_LIT("a")));
    assert_int_equal(dedup_times(dedup, SPAN_LIT("a")), 1);
    assert_true(dedup_take(dedup, SPAN_LIT("a")));
    assert_false(dedup_take(dedup, SPAN_LIT("a")));
    assert_true(dedup_take(dedup, SPAN_LIT("b")));
    assert_int_equal(dedup_times(dedup, SPAN_LIT("b")), 0);
}

static void forgets_all(void **state)
{
    (void)state;
    dedup_add(dedup, SPAN_LIT("a"));
    dedup_add(dedup, SPAN_LIT("b"));
    dedup_clear(dedup);
    assert_false(dedup_take(dedup, SPAN_LIT("a")));
    dedup_add(dedup, SPAN_LIT("a")); // and is fit for use
    assert_true(dedup_take(dedup, SPAN_LIT("a")));
    dedup_add(dedup, SPAN_LIT("left for dedup_free()"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_what_was_added, set_up, tear_down),
        cmocka_unit_test_setup_teardown(does_not_know_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lets_as_many_be_skipped_as_there_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgets_all, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("dedup", tests, NULL, NULL);
}
