// A heartbeat of a relay with other servers of Redis is not one of this edge's relay.
#include "edge/gateway/control_commands.h"

#include "common/clock.h"
#include "tests/unit/unit.h"

struct row {
    const char *name;
    struct bus_part part; // over which it comes
    unsigned node, node_count;
};

static const struct row rows[] = {
    {"of other servers", {0, 2}, 0, 3},
    {"of one server", {0, 2}, 0, 0},
    {"of the same in another order", {0, 2}, 1, 2},
    {"of several, at an edge with one", {0, 1}, 0, 2},
};

struct fixture {
    struct gateway_metrics metrics;
    struct relay_status relay;
    struct control_commands commands;
};

// An edge with six shards takes the heartbeat.
static void take(struct fixture *fixture, struct bus_part part, const struct heartbeat *heartbeat)
{
    struct buffer bytes = {0};

    *fixture = (struct fixture){
        .commands = {.relay = &fixture->relay, .metrics = &fixture->metrics, .shards = 6}};
    relay_status_init(&fixture->relay, "rabbitmq", 5672, &fixture->metrics.delivery);
    control_commands_init(&fixture->commands);
    control_encode(&(struct control){.kind = CONTROL_HEARTBEAT, .heartbeat = *heartbeat}, &bytes);
    control_commands_handle(&fixture->commands, part, buffer_span(&bytes));
    buffer_fini(&bytes);
}

static void tear_down(struct fixture *fixture)
{
    control_commands_fini(&fixture->commands);
    relay_status_fini(&fixture->relay);
}

static void does_not_take_the_heartbeat(void **state)
{
    const struct row *row = *state;
    struct fixture fixture;

    take(&fixture, row->part,
         &(struct heartbeat){.relay = SPAN_LIT("relay-1"),
                             .at_ms = 1,
                             .shard_count = 6,
                             .node = row->node,
                             .node_count = row->node_count,
                             .bus_connected = true});
    assert_int_equal(fixture.metrics.delivery.envelopes_malformed, 0);
    assert_true(fixture.commands.other_nodes_logged);
    assert_false(relay_status_is_fresh(&fixture.metrics.delivery, clock_monotonic_ms()));
    assert_false(relay_status_bus_connected(&fixture.relay, clock_monotonic_ms()));
    tear_down(&fixture);
}

struct shards_case {
    const char *name;
    size_t shard_count;
    bool mismatch;
};

static const struct shards_case shards_cases[] = {
    {"without positions: the number of shards is not compared", 0, false},
    {"positions of another number of shards", 5, true},
};

// A relay whose Redis may lack what edges have got names no positions. It has other servers here,
// so that no follower is asked.
static void compares_the_number_of_shards(void **state)
{
    const struct shards_case *c = *state;
    struct fixture fixture;

    take(&fixture, (struct bus_part){0, 2},
         &(struct heartbeat){
             .relay = SPAN_LIT("relay-1"), .shard_count = c->shard_count, .node_count = 3});
    assert_int_equal(fixture.commands.mismatch_logged, c->mismatch);
    tear_down(&fixture);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(shards_cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, does_not_take_the_heartbeat);
    ADD_ROWS(tests, count, shards_cases, compares_the_number_of_shards);
    return cmocka_run_group_tests_name("control_commands", tests, NULL, NULL);
}
