#include "common/metrics.h"

#include "tests/unit/unit.h"

struct counters {
    metric sockets, polls, frames;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_prometheus_text),
        cmocka_unit_test(an_empty_table_prints_nothing),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
