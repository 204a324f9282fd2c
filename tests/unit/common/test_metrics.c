#include "common/metrics.h"

#include "tests/unit/unit.h"

struct counters {
    metric sockets, polls, frames;
    struct histogram sizes, waits, works;
};

static const struct metric_info table[] = {
    {"t_sockets", NULL, METRIC_GAUGE, offsetof(struct counters, sockets), "Sockets open now"},
    {"t_sent_total", "transport=\"polling\"", METRIC_COUNTER, offsetof(struct counters, polls),
     "Messages sent"},
    {"t_sent_total", "transport=\"websocket\"", METRIC_COUNTER, offsetof(struct counters, frames),
     "Messages sent"},
};

static void prints_prometheus_text(void **state)
{
    struct counters counters = {0};
    struct buffer out = {0};

    (void)state;
    metric_add(&counters.sockets, 5);
    metric_sub(&counters.sockets, 2);
    metric_add(&counters.polls, 7);
    metric_set(&counters.frames, UINT64_MAX);
    metrics_print(table, ARRAY_LEN(table), &counters, &out);
    assert_span(buffer_span(&out), "# HELP t_sockets Sockets open now\n"
                                   "# TYPE t_sockets gauge\n"
                                   "t_sockets 3\n"
                                   "# HELP t_sent_total Messages sent\n"
                                   "# TYPE t_sent_total counter\n"
                                   "t_sent_total{transport=\"polling\"} 7\n"
                                   "t_sent_total{transport=\"websocket\"} 18446744073709551615\n");
    buffer_fini(&out);
}

static void an_empty_table_prints_nothing(void **state)
{
    struct buffer out = {0};

    (void)state;
    metrics_print(table, 0, NULL, &out);
    assert_int_equal(out.len, 0);
}

struct bucket_row {
    const char *name;
    uint64_t value;
    unsigned bucket;
};

// clang-format off
static const struct bucket_row bucket_rows[] = {
    {"0",              0,                    0},
    {"1",              1,                    0},
    {"2",              2,                    1},
    {"3",              3,                    2},
    {"4",              4,                    2},
    {"5",              5,                    3},
    {"1024",           1024,                 10},
    {"1025",           1025,                 11},
    {"2^24",           1 << 24,              24},
    {"2^24 and 1",     (1 << 24) + 1,        25},
    {"the greatest",   UINT64_MAX,           25},
};
// clang-format on

static void falls_into(void **state)
{
    const struct bucket_row *row = *state;
    struct histogram h = {0};

    histogram_observe(&h, row->value, 1);
    assert_int_equal(metric_get(&h.in_bucket[row->bucket]), 1);
    assert_true(metric_get(&h.sum) == row->value);
    assert_int_equal(histogram_count(&h), 1);
}

static void observes_several_at_once(void **state)
{
    struct histogram h = {0};

    (void)state;
    histogram_observe(&h, 3, 1000);
    histogram_observe(&h, 5, 0);
    assert_int_equal(histogram_count(&h), 1000);
    assert_int_equal(metric_get(&h.sum), 3000);
}

static const struct metric_info sizes_alone = {
    "t_write_frames", NULL, METRIC_COUNTS, offsetof(struct counters, sizes), "Frames of a write"};

static void prints_a_histogram(void **state)
{
    struct counters counters = {0};
    struct buffer out = {0};

    (void)state;
    histogram_observe(&counters.sizes, 1, 3);
    histogram_observe(&counters.sizes, 5, 1);
    histogram_observe(&counters.sizes, 257, 2);
    metrics_print(&sizes_alone, 1, &counters, &out);
    assert_span(buffer_span(&out), "# HELP t_write_frames Frames of a write\n"
                                   "# TYPE t_write_frames histogram\n"
                                   "t_write_frames_bucket{le=\"1\"} 3\n"
                                   "t_write_frames_bucket{le=\"2\"} 3\n"
                                   "t_write_frames_bucket{le=\"4\"} 3\n"
                                   "t_write_frames_bucket{le=\"8\"} 4\n"
                                   "t_write_frames_bucket{le=\"16\"} 4\n"
                                   "t_write_frames_bucket{le=\"32\"} 4\n"
                                   "t_write_frames_bucket{le=\"64\"} 4\n"
                                   "t_write_frames_bucket{le=\"128\"} 4\n"
                                   "t_write_frames_bucket{le=\"256\"} 4\n"
                                   "t_write_frames_bucket{le=\"+Inf\"} 6\n"
                                   "t_write_frames_sum 522\n"
                                   "t_write_frames_count 6\n");
    buffer_fini(&out);
}

static const struct metric_info times[] = {
    {"t_wait_seconds", "of=\"us\"", METRIC_MILLISECONDS, offsetof(struct counters, waits), "Waits"},
    {"t_work_seconds", NULL, METRIC_MICROSECONDS, offsetof(struct counters, works), "Works"},
};

static void prints_times_in_seconds(void **state)
{
    static const char *const lines[] = {
        "t_wait_seconds_bucket{of=\"us\",le=\"0.001\"} 0\n",
        "t_wait_seconds_bucket{of=\"us\",le=\"0.256\"} 1\n",
        ("t_wait_seconds_bucket{of=\"us\",le=\"16.384\"} 1\n"
         "t_wait_seconds_bucket{of=\"us\",le=\"+Inf\"} 2\n"
         "t_wait_seconds_sum{of=\"us\"} 60.25\n"
         "t_wait_seconds_count{of=\"us\"} 2\n"),
        // What is below the first bucket printed is in it.
        "# TYPE t_work_seconds histogram\nt_work_seconds_bucket{le=\"6.4e-05\"} 2\n",
        ("t_work_seconds_bucket{le=\"16.777216\"} 2\nt_work_seconds_bucket{le=\"+Inf\"} 2\n"
         "t_work_seconds_sum 5e-05\nt_work_seconds_count 2\n"),
    };
    struct counters counters = {0};
    struct buffer out = {0};

    (void)state;
    histogram_observe(&counters.waits, 250, 1);
    histogram_observe(&counters.waits, 60000, 1);
    histogram_observe(&counters.works, 1, 1);
    histogram_observe(&counters.works, 49, 1);
    metrics_print(times, ARRAY_LEN(times), &counters, &out);
    buffer_append_char(&out, '\0');
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (!strstr(out.ptr, lines[i]))
            fail_msg("there is no %s in %s", lines[i], out.ptr);
    buffer_fini(&out);
}

static void prints_what_never_changes(void **state)
{
    static const struct metric_info info = {"t_build_info", "version=\"1.0.0\"", METRIC_INFO, 0,
                                            "Always 1"};
    struct counters counters = {0};
    struct buffer out = {0};

    (void)state;
    metrics_print(&info, 1, &counters, &out);
    assert_span(buffer_span(&out), "# HELP t_build_info Always 1\n"
                                   "# TYPE t_build_info gauge\n"
                                   "t_build_info{version=\"1.0.0\"} 1\n");
    buffer_fini(&out);
}

static void numbers_several_structs(void **state)
{
    struct counters counters[2] = {0};
    struct buffer out = {0};

    (void)state;
    metric_set(&counters[0].sockets, 3);
    metric_set(&counters[1].sockets, 4);
    metrics_print_each(table, 1, counters, sizeof(counters[0]), 2, "node", &out);
    assert_span(buffer_span(&out), "# HELP t_sockets Sockets open now\n"
                                   "# TYPE t_sockets gauge\n"
                                   "t_sockets{node=\"0\"} 3\n"
                                   "t_sockets{node=\"1\"} 4\n");
    buffer_clear(&out);
    metrics_print_each(table, 1, counters, sizeof(counters[0]), 1, "node", &out);
    assert_span(buffer_span(&out), "# HELP t_sockets Sockets open now\n"
                                   "# TYPE t_sockets gauge\n"
                                   "t_sockets 3\n");
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(bucket_rows) + 7];
    size_t count = 0;

    ADD_ROWS(tests, count, bucket_rows, falls_into);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(prints_prometheus_text);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_empty_table_prints_nothing);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(observes_several_at_once);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(prints_a_histogram);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(prints_times_in_seconds);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(prints_what_never_changes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(numbers_several_structs);
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
