#include "edge/gateway/delivery/latency.h"

#include "common/clock.h"
#include "tests/unit/unit.h"

static struct delivery_metrics metrics;
static struct latency latency;

static int set_up(void **state)
{
    (void)state;
    memset(&metrics, 0, sizeof(metrics));
    latency = (struct latency){.metrics = &metrics};
    return 0;
}

// An envelope that was made so long ago, by the relay.
static struct envelope made_before(int64_t ms)
{
    return (struct envelope){.position = {1, 1},
                             .created_at_ms = (uint64_t)((int64_t)clock_wall_ms() - ms)};
}

static void note(int64_t ms, size_t clients)
{
    struct envelope envelope = made_before(ms);

    latency_note(&latency, &envelope, clients);
}

static uint64_t in_bucket_of(const struct histogram *h, uint64_t ms)
{
    return metric_get(&h->in_bucket[histogram_bucket_of(ms)]);
}

static void measures_after_the_flush(void **state)
{
    (void)state;
    note(3000, 10);
    assert_int_equal(histogram_count(&metrics.latency_of_relay), 0);
    latency_measure(&latency);
    assert_int_equal(in_bucket_of(&metrics.latency_of_relay, 3000), 10);
    latency_measure(&latency);
    assert_int_equal(histogram_count(&metrics.latency_of_relay), 10);
    assert_int_equal(histogram_count(&metrics.latency_of_edges), 0);
}

static void tells_edges_from_the_relay(void **state)
{
    struct envelope envelope = made_before(3000);

    (void)state;
    envelope.position = (struct position){0, 0};
    latency_note(&latency, &envelope, 2);
    envelope.position = (struct position){1, 1}; // of the same millisecond
    latency_note(&latency, &envelope, 3);
    latency_measure(&latency);
    assert_int_equal(histogram_count(&metrics.latency_of_edges), 2);
    assert_int_equal(histogram_count(&metrics.latency_of_relay), 3);
}

static void one_millisecond_is_one_note(void **state)
{
    struct envelope envelope = made_before(3000);

    (void)state;
    for (int i = 0; i < 1000; i++)
        latency_note(&latency, &envelope, 2);
    assert_int_equal(latency.count, 1);
    latency_measure(&latency);
    assert_int_equal(in_bucket_of(&metrics.latency_of_relay, 3000), 2000);
}

static void what_nobody_got_took_no_time(void **state)
{
    (void)state;
    note(3000, 0);
    latency_measure(&latency);
    assert_int_equal(histogram_count(&metrics.latency_of_relay), 0);
}

// More milliseconds in one turn than there are notes.
static void is_bounded_and_loses_none(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * LATENCY_NOTES_MAX; i++)
        note(20000 + 10 * i, 1); // far enough apart to differ
    assert_true(latency.count <= LATENCY_NOTES_MAX);
    latency_measure(&latency);
    assert_int_equal(histogram_count(&metrics.latency_of_relay), 3 * LATENCY_NOTES_MAX);
}

static void a_clock_that_is_behind_measures_nothing(void **state)
{
    (void)state;
    note(-60000, 1);
    latency_measure(&latency);
    assert_int_equal(in_bucket_of(&metrics.latency_of_relay, 0), 1);
    assert_int_equal(metric_get(&metrics.latency_of_relay.sum), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(measures_after_the_flush, set_up),
        cmocka_unit_test_setup(tells_edges_from_the_relay, set_up),
        cmocka_unit_test_setup(one_millisecond_is_one_note, set_up),
        cmocka_unit_test_setup(what_nobody_got_took_no_time, set_up),
        cmocka_unit_test_setup(is_bounded_and_loses_none, set_up),
        cmocka_unit_test_setup(a_clock_that_is_behind_measures_nothing, set_up),
    };

    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
