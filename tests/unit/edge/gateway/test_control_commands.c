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

static void does_not_take_the_heartbeat(void **state)
{
    const struct row *row = *state;
    struct gateway_metrics metrics = {0};
    struct relay_status relay;
    struct control_commands commands = {.relay = &relay, .metrics = &metrics, .shards = 6};
    struct buffer bytes = {0};

    relay_status_init(&relay, "rabbitmq", 5672, &metrics.delivery);
    control_commands_init(&commands);
    control_encode(&(struct control){.kind = CONTROL_HEARTBEAT,
                                     .heartbeat = {.relay = SPAN_LIT("relay-1"),
                                                   .at_ms = 1,
                                                   .shard_count = 6,
                                                   .node = row->node,
                                                   .node_count = row->node_count,
                                                   .bus_connected = true}},
                   &bytes);
    control_commands_handle(&commands, row->part, buffer_span(&bytes));
    assert_int_equal(metrics.delivery.envelopes_malformed, 0);
    assert_true(commands.other_nodes_logged);
    assert_false(relay_status_is_fresh(&metrics.delivery, clock_monotonic_ms()));
    assert_false(relay_status_bus_connected(&relay, clock_monotonic_ms()));
    buffer_fini(&bytes);
    control_commands_fini(&commands);
    relay_status_fini(&relay);
}

// A relay whose Redis may lack what edges have got names no positions.
static void tells_no_positions_from_another_number_of_shards(void **state)
{
    static const struct {
        size_t shard_count;
        bool mismatch;
    } counts[] = {{0, false}, {5, true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct gateway_metrics metrics = {0};
        struct relay_status relay;
        struct control_commands commands = {.relay = &relay, .metrics = &metrics, .shards = 6};
        struct buffer bytes = {0};

        relay_status_init(&relay, "rabbitmq", 5672, &metrics.delivery);
        control_commands_init(&commands);
        // Of other servers, so that no follower is asked.
        control_encode(&(struct control){.kind = CONTROL_HEARTBEAT,
                                         .heartbeat = {.relay = SPAN_LIT("relay-1"),
                                                       .shard_count = counts[i].shard_count,
                                                       .node_count = 3}},
                       &bytes);
        control_commands_handle(&commands, (struct bus_part){0, 2}, buffer_span(&bytes));
        assert_int_equal(commands.mismatch_logged, counts[i].mismatch);
        buffer_fini(&bytes);
        control_commands_fini(&commands);
        relay_status_fini(&relay);
    }
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, does_not_take_the_heartbeat);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(tells_no_positions_from_another_number_of_shards);
    return cmocka_run_group_tests_name("control_commands", tests, NULL, NULL);
}
