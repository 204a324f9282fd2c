#include "proto/envelope.h"
#include "tests/unit/unit.h"

static struct control heartbeat_of(size_t shards)
{
    struct control control = {.kind = CONTROL_HEARTBEAT,
                              .heartbeat = {.relay = SPAN_LIT("relay-a"),
                                            .at_ms = 1731837600123,
                                            .shard_count = shards,
                                            .bus_connected = true,
                                            .reconnect_attempts = 3,
                                            .bus_host = SPAN_LIT("rabbitmq"),
                                            .bus_port = 5672,
                                            .node = 2,
                                            .node_count = 3}};

    for (size_t i = 0; i < shards; i++)
        control.heartbeat.tops[i] = (struct position){i % 3 ? 1731837600000 : 0, i % 3 ? i : 0};
    return control;
}

static void assert_same_heartbeat(const struct heartbeat *a, const struct heartbeat *b)
{
    assert_bytes(a->relay, b->relay);
    assert_true(a->at_ms == b->at_ms);
    assert_int_equal(a->shard_count, b->shard_count);
    for (size_t i = 0; i < a->shard_count; i++)
        assert_int_equal(position_compare(a->tops[i], b->tops[i]), 0);
    assert_int_equal(a->bus_connected, b->bus_connected);
    assert_true(a->reconnect_attempts == b->reconnect_attempts);
    assert_bytes(a->bus_host, b->bus_host);
    assert_int_equal(a->bus_port, b->bus_port);
    assert_int_equal(a->node, b->node);
    assert_int_equal(a->node_count, b->node_count);
}

static void survives(const struct control *control)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer bytes = {0};

    control_encode(control, &bytes);
    struct span copy = exact_copy(buffer_span(&bytes));
    const struct control *decoded = control_decode(decoder, copy);
    free((void *)copy.ptr);
    assert_non_null(decoded);
    assert_int_equal(decoded->kind, control->kind);
    assert_same_heartbeat(&decoded->heartbeat, &control->heartbeat);
    assert_bytes(decoded->edge, control->edge);
    assert_bytes(decoded->user, control->user);
    assert_true(decoded->ask == control->ask);
    assert_int_equal(decoded->sockets, control->sockets);
    assert_bytes(decoded->room, control->room);
    assert_true(decoded->at_ms == control->at_ms && decoded->until_ms == control->until_ms);
    envelope_decoder_free(decoder);
    buffer_fini(&bytes);
}

struct shards_case {
    const char *name;
    size_t shards;
};

static const struct shards_case shards_cases[] = {
    {"heartbeat without shards", 0},
    {"heartbeat of one shard", 1},
    {"heartbeat of all shards", SHARDS_MAX},
};

static void heartbeat_survives(void **state)
{
    const struct shards_case *c = *state;
    struct control control = heartbeat_of(c->shards);

    survives(&control);
}

struct command_case {
    const char *name;
    struct control control;
};

static const struct command_case command_cases[] = {
    {"drain of one edge", {.kind = CONTROL_DRAIN, .edge = SPAN_INIT("edge-a")}},
    {"drain of all", {.kind = CONTROL_DRAIN}},
    {"kick", {.kind = CONTROL_KICK, .user = SPAN_INIT("42")}},
    {"kick that asks", {.kind = CONTROL_KICK, .user = SPAN_INIT("42"), .ask = UINT64_MAX}},
    {"kicked", {.kind = CONTROL_KICKED, .ask = 7, .edge = SPAN_INIT("edge-a"), .sockets = 3}},
    {"revoke",
     {.kind = CONTROL_REVOKE,
      .user = SPAN_INIT("42"),
      .at_ms = 1731837600123,
      .until_ms = UINT64_MAX,
      .ask = 7}},
    {"leave",
     {.kind = CONTROL_LEAVE,
      .user = SPAN_INIT("42"),
      .room = SPAN_INIT("conversation:1"),
      .ask = 7}},
    {"empty heartbeat", {.kind = CONTROL_HEARTBEAT}},
    {"unknown", {.kind = CONTROL_UNKNOWN}},
};

static void command_survives(void **state)
{
    const struct command_case *c = *state;

    survives(&c->control);
}

struct wire_case {
    const char *name;
    struct span bytes;
    bool ok;
    enum control_kind kind;
};

static const struct wire_case wire_cases[] = {
    {"command of a newer version", SPAN_INIT("\x7a\x03\x0a\x01x"), true, CONTROL_UNKNOWN},
    {"the last of two commands counts", SPAN_INIT("\x12\x00\x1a\x03\x0a\x01u"), true, CONTROL_KICK},
    {"cut off", SPAN_INIT("\x1a\x03\x0a\x01"), false, 0},
    {"length of 4 GB", SPAN_INIT("\x0a\xff\xff\xff\xff\x0f"), false, 0},
    {"text", SPAN_INIT("drain"), false, 0},
};

static void reads_the_wire(void **state)
{
    const struct wire_case *c = *state;
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct span copy = exact_copy(c->bytes);
    const struct control *decoded = control_decode(decoder, copy);

    assert_int_equal(decoded != NULL, c->ok);
    if (decoded)
        assert_int_equal(decoded->kind, c->kind);
    free((void *)copy.ptr);
    envelope_decoder_free(decoder);
}

// The decoded struct has room for SHARDS_MAX positions and no more.
static void refuses_more_shards_than_there_are(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer heartbeat = {0}, bytes = {0};

    (void)state;
    for (int i = 0; i < SHARDS_MAX + 1; i++)
        buffer_append(&heartbeat, SPAN_LIT("\x1a\x00"));
    buffer_append(&bytes, SPAN_LIT("\x0a\x82\x01")); // 130 bytes follow
    buffer_append(&bytes, buffer_span(&heartbeat));
    assert_int_equal(heartbeat.len, 130);
    assert_null(control_decode(decoder, buffer_span(&bytes)));

    bytes.ptr[1] = '\x80'; // 128
    bytes.len -= 2;
    const struct control *decoded = control_decode(decoder, buffer_span(&bytes));
    assert_non_null(decoded);
    assert_int_equal(decoded->heartbeat.shard_count, SHARDS_MAX);
    envelope_decoder_free(decoder);
    buffer_fini(&heartbeat);
    buffer_fini(&bytes);
}

static void one_decoder_serves_both(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct control control = heartbeat_of(2);
    struct buffer heartbeat = {0}, event = {0};

    (void)state;
    control_encode(&control, &heartbeat);
    envelope_encode(&(struct envelope){.room = SPAN_LIT("r"), .event = SPAN_LIT("e")}, &event);
    for (int i = 0; i < 3; i++) {
        const struct control *c = control_decode(decoder, buffer_span(&heartbeat));
        assert_true(c && c->kind == CONTROL_HEARTBEAT && c->heartbeat.shard_count == 2);
        const struct envelope *e = envelope_decode(decoder, buffer_span(&event));
        assert_true(e && span_is(e->room, "r"));
    }
    envelope_decoder_free(decoder);
    buffer_fini(&heartbeat);
    buffer_fini(&event);
}

// Nothing of one command shows in the next.
static void commands_do_not_mix(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct control control = heartbeat_of(2);
    struct buffer heartbeat = {0}, drain = {0};

    (void)state;
    control_encode(&control, &heartbeat);
    control_encode(&command_cases[0].control, &drain);
    assert_non_null(control_decode(decoder, buffer_span(&heartbeat)));
    const struct control *decoded = control_decode(decoder, buffer_span(&drain));
    assert_non_null(decoded);
    assert_int_equal(decoded->heartbeat.shard_count, 0);
    assert_int_equal(decoded->heartbeat.relay.len, 0);
    assert_non_null(control_decode(decoder, SPAN_LIT("\x1a\x03\x0a\x01u")));
    assert_int_equal(decoded->edge.len, 0);
    envelope_decoder_free(decoder);
    buffer_fini(&heartbeat);
    buffer_fini(&drain);
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(shards_cases) + ARRAY_LEN(command_cases) + ARRAY_LEN(wire_cases) + 3] = {
            cmocka_unit_test(refuses_more_shards_than_there_are),
            cmocka_unit_test(one_decoder_serves_both),
            cmocka_unit_test(commands_do_not_mix),
        };
    size_t count = 3;

    ADD_ROWS(tests, count, shards_cases, heartbeat_survives);
    ADD_ROWS(tests, count, command_cases, command_survives);
    ADD_ROWS(tests, count, wire_cases, reads_the_wire);
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
