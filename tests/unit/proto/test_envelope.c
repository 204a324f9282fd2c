#include "proto/envelope.h"

#include "tests/unit/unit.h"

struct round_trip_case {
    const char *name;
    struct envelope envelope;
};

static const struct span two_rooms[] = {SPAN_INIT("user:1"), SPAN_INIT("user:Zoë")};

static const struct round_trip_case round_trip_cases[] = {
    {"logged event",
     {.id = SPAN_INIT("m-1"),
      .position = {1731837600000, 42},
      .prev = {1731837600000, 40},
      .origin = SPAN_INIT("relay-a"),
      .room = SPAN_INIT("conversation:1"),
      .event = SPAN_INIT("new_message"),
      .args = SPAN_INIT("{\"message\":\"hi\"}"),
      .created_at_ms = 1731837600123,
      .traceparent = SPAN_INIT("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}},
    {"ephemeral event",
     {.origin = SPAN_INIT("edge-b"),
      .room = SPAN_INIT("conversation:1"),
      .except = SPAN_INIT("sid-1"),
      .event = SPAN_INIT("user_typing"),
      .args = SPAN_INIT("{}")}},
    {"room and event alone", {.room = SPAN_INIT("r"), .event = SPAN_INIT("e")}},
    {"first of its shard", {.position = {5, 0}, .room = SPAN_INIT("r"), .event = SPAN_INIT("e")}},
    {"greatest numbers",
     {.position = {UINT64_MAX, UINT64_MAX},
      .prev = {UINT64_MAX, UINT64_MAX - 1},
      .room = SPAN_INIT("r"),
      .event = SPAN_INIT("e"),
      .created_at_ms = UINT64_MAX}},
    {"args of any bytes",
     {.room = SPAN_INIT("r"), .event = SPAN_INIT("e"), .args = SPAN_INIT("a\0b\xff\n")}},
    {"text beyond ASCII", {.room = SPAN_INIT("user:Zoë"), .event = SPAN_INIT("é ✓")}},
    {"leaving a room", {.room = SPAN_INIT("user:1"), .leaves = SPAN_INIT("conversation:1")}},
    {"entering a room", {.room = SPAN_INIT("user:1"), .enters = SPAN_INIT("conversation:1")}},
    {"a disconnection", {.room = SPAN_INIT("user:1"), .disconnects = true}},
    {"several rooms",
     {.position = {5, 7},
      .room = SPAN_INIT("order:1"),
      .event = SPAN_INIT("e"),
      .more_rooms = two_rooms,
      .more_count = ARRAY_LEN(two_rooms)}},
};

static void assert_same_envelope(const struct envelope *a, const struct envelope *b)
{
    assert_bytes(a->id, b->id);
    assert_int_equal(position_compare(a->position, b->position), 0);
    assert_int_equal(position_compare(a->prev, b->prev), 0);
    assert_bytes(a->origin, b->origin);
    assert_bytes(a->room, b->room);
    assert_bytes(a->except, b->except);
    assert_bytes(a->event, b->event);
    assert_bytes(a->args, b->args);
    assert_true(a->created_at_ms == b->created_at_ms);
    assert_bytes(a->traceparent, b->traceparent);
    assert_bytes(a->leaves, b->leaves);
    assert_bytes(a->enters, b->enters);
    assert_int_equal(a->disconnects, b->disconnects);
    assert_int_equal(a->more_count, b->more_count);
    for (size_t i = 0; i < a->more_count; i++)
        assert_bytes(a->more_rooms[i], b->more_rooms[i]);
}

static void survives_the_round_trip(void **state)
{
    const struct round_trip_case *c = *state;
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer bytes = {0};

    envelope_encode(&c->envelope, &bytes);
    struct span copy = exact_copy(buffer_span(&bytes));
    const struct envelope *decoded = envelope_decode(decoder, copy);
    free((void *)copy.ptr); // what is decoded does not point into it
    assert_non_null(decoded);
    assert_same_envelope(decoded, &c->envelope);
    envelope_decoder_free(decoder);
    buffer_fini(&bytes);
}

// Bytes written by hand: field number and type, then the value.
struct wire_case {
    const char *name;
    struct span bytes;
    const char *room; // NULL: refused
};

#define ROOM_R "\x2a\x01r" // field 5
#define EVENT_E                                                                                    \
    "\x3a\x01"                                                                                     \
    "e" // field 7

// clang-format off
static const struct wire_case wire_cases[] = {
    {"the least",                  SPAN_INIT(ROOM_R EVENT_E),                          "r"},
    {"any order",                  SPAN_INIT(EVENT_E ROOM_R),                          "r"},
    {"the last of a field counts", SPAN_INIT("\x2a\x01x" ROOM_R EVENT_E),              "r"},
    {"unknown number",             SPAN_INIT(ROOM_R "\xf8\x06\x2a" EVENT_E),           "r"},
    {"unknown text",               SPAN_INIT("\xfa\x06\x03new" ROOM_R EVENT_E),        "r"},
    {"unknown 8 bytes",            SPAN_INIT("\xf9\x06" "12345678" ROOM_R EVENT_E),    "r"},
    {"unknown 4 bytes",            SPAN_INIT("\xfd\x06" "1234" ROOM_R EVENT_E),        "r"},
    {"unknown field in position",  SPAN_INIT("\x12\x05\x08\x01\xf8\x06\x01" ROOM_R EVENT_E), "r"},
    {"empty position",             SPAN_INIT("\x12\x00" ROOM_R EVENT_E),               "r"},
    {"further rooms",              SPAN_INIT("\x5a\x01" "a" ROOM_R "\x5a\x01" "b" EVENT_E), "r"},
    {"a further room is empty",    SPAN_INIT(ROOM_R EVENT_E "\x5a\x01" "a\x5a\x00"),  NULL},
    {"further rooms alone",        SPAN_INIT("\x5a\x01" "a" EVENT_E),                 NULL},
    {"further room as a number",   SPAN_INIT(ROOM_R EVENT_E "\x58\x01"),              NULL},
    {"out of a room and into one", SPAN_INIT(ROOM_R "\x62\x01" "a\x72\x01" "b"),     NULL},
    {"no bytes",                   SPAN_INIT(""),                                      NULL},
    {"no room",                    SPAN_INIT(EVENT_E),                                 NULL},
    {"no event",                   SPAN_INIT(ROOM_R),                                  NULL},
    {"empty room",                 SPAN_INIT("\x2a\x00" EVENT_E),                      NULL},
    {"empty event",                SPAN_INIT(ROOM_R "\x3a\x00"),                       NULL},
    {"text cut off",               SPAN_INIT(ROOM_R "\x3a\x02" "e"),                   NULL},
    {"length of 4 GB",             SPAN_INIT(ROOM_R EVENT_E "\x42\xff\xff\xff\xff\x0f"), NULL},
    {"length of 64 bits",          SPAN_INIT(ROOM_R EVENT_E "\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL},
    {"length without an end",      SPAN_INIT(ROOM_R EVENT_E "\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), NULL},
    {"number without an end",      SPAN_INIT(ROOM_R EVENT_E "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL},
    {"tag cut off",                SPAN_INIT(ROOM_R EVENT_E "\xf8"),                   NULL},
    {"number missing",             SPAN_INIT(ROOM_R EVENT_E "\x48"),                   NULL},
    {"field zero",                 SPAN_INIT(ROOM_R EVENT_E "\x00\x01"),               NULL},
    {"group of old times",         SPAN_INIT(ROOM_R EVENT_E "\x0b\x0c"),               NULL},
    {"room as a number",           SPAN_INIT("\x28\x01" EVENT_E),                      NULL},
    {"position longer than all",   SPAN_INIT(ROOM_R EVENT_E "\x12\x7f\x08\x01"),       NULL},
    {"JSON",                       SPAN_INIT("{\"room\":\"r\"}"),                      NULL},
};
// clang-format on

static void reads_the_wire(void **state)
{
    const struct wire_case *c = *state;
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct span copy = exact_copy(c->bytes);
    const struct envelope *decoded = envelope_decode(decoder, copy);

    assert_int_equal(decoded != NULL, c->room != NULL);
    if (decoded) {
        assert_span(decoded->room, c->room);
        assert_span(decoded->event, "e");
    }
    free((void *)copy.ptr);
    envelope_decoder_free(decoder);
}

// What an edge of an earlier version reads, and what the log costs: an envelope of one room has no
// byte for the others.
static void one_room_costs_nothing_more(void **state)
{
    struct buffer bytes = {0};

    (void)state;
    envelope_encode(&(struct envelope){.room = SPAN_LIT("r"), .event = SPAN_LIT("e")}, &bytes);
    assert_bytes(buffer_span(&bytes), SPAN_LIT(ROOM_R EVENT_E));
    buffer_fini(&bytes);
}

// Rooms of the greatest number are taken, one more is refused, and so are far more than memory is
// set aside for.
static void has_a_limit_of_rooms(void **state)
{
    static const size_t counts[] = {ENVELOPE_ROOMS_MAX - 1, ENVELOPE_ROOMS_MAX, 1000000};
    struct envelope_decoder *decoder = envelope_decoder_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct buffer bytes = {0};
        buffer_append(&bytes, SPAN_LIT(ROOM_R EVENT_E));
        for (size_t n = 0; n < counts[i]; n++)
            buffer_append(&bytes, SPAN_LIT("\x5a\x01x"));
        const struct envelope *decoded = envelope_decode(decoder, buffer_span(&bytes));
        assert_int_equal(decoded != NULL, i == 0);
        if (decoded)
            assert_int_equal(decoded->more_count, counts[i]);
        buffer_fini(&bytes);
    }
    envelope_decoder_free(decoder);
}

// An action with an event, with all members that a relay writes: the short names leave the decoder
// little memory for each field.
static void decodes_as_many_fields_as_there_can_be(void **state)
{
    struct span rooms[ENVELOPE_ROOMS_MAX - 1];
    struct envelope envelope = round_trip_cases[0].envelope;
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer bytes = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++)
        rooms[i] = SPAN_LIT("x");
    envelope.id = envelope.origin = envelope.room = envelope.event = envelope.leaves =
        SPAN_LIT("x");
    envelope.except = SPAN_LIT("x");
    envelope.args = SPAN_LIT("1");
    envelope.disconnects = true;
    envelope.more_rooms = rooms;
    envelope.more_count = ARRAY_LEN(rooms);
    envelope_encode(&envelope, &bytes);
    const struct envelope *decoded = envelope_decode(decoder, buffer_span(&bytes));
    assert_non_null(decoded);
    assert_same_envelope(decoded, &envelope);
    envelope_decoder_free(decoder);
    buffer_fini(&bytes);
}

// Every beginning either is malformed or ends where a field ends.
static void bears_truncation(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer bytes = {0};
    size_t refused = 0;

    (void)state;
    envelope_encode(&round_trip_cases[0].envelope, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct span copy = exact_copy((struct span){bytes.ptr, len});
        refused += envelope_decode(decoder, copy) == NULL;
        free((void *)copy.ptr);
    }
    assert_int_equal(refused, bytes.len - 3); // cut before args, created_at_ms and traceparent
    assert_non_null(envelope_decode(decoder, buffer_span(&bytes)));
    envelope_decoder_free(decoder);
    buffer_fini(&bytes);
}

static void decoder_uses_its_memory_again(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer bytes = {0};
    const char *room = NULL;

    (void)state;
    envelope_encode(&round_trip_cases[0].envelope, &bytes);
    for (int i = 0; i < 1000; i++) {
        const struct envelope *decoded = envelope_decode(decoder, buffer_span(&bytes));
        assert_non_null(decoded);
        assert_true(!room || decoded->room.ptr == room);
        room = decoded->room.ptr;
    }
    envelope_decoder_free(decoder);
    buffer_fini(&bytes);
}

static void large_and_small_take_turns(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct envelope envelope = round_trip_cases[0].envelope;
    const size_t sizes[] = {10, 4000000, 10, 600000, 4000000, 0};
    char *args = calloc(1, 4000000);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct buffer bytes = {0};
        envelope.args = (struct span){args, sizes[i]};
        envelope_encode(&envelope, &bytes);
        const struct envelope *decoded = envelope_decode(decoder, buffer_span(&bytes));
        assert_non_null(decoded);
        assert_same_envelope(decoded, &envelope);
        buffer_fini(&bytes);
    }
    free(args);
    envelope_decoder_free(decoder);
}

// Two bytes of input make protobuf-c ask for dozens; the decoder gives it only so much.
static void refuses_floods_of_fields(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    struct buffer bytes = {0};

    (void)state;
    buffer_append(&bytes, SPAN_LIT(ROOM_R EVENT_E));
    for (int i = 0; i < 100; i++)
        buffer_append(&bytes, SPAN_LIT("\xf8\x06\x01"));
    assert_non_null(envelope_decode(decoder, buffer_span(&bytes)));
    for (int i = 0; i < 1000000; i++)
        buffer_append(&bytes, SPAN_LIT("\xf8\x06\x01"));
    assert_null(envelope_decode(decoder, buffer_span(&bytes)));
    assert_non_null(envelope_decode(decoder, SPAN_LIT(ROOM_R EVENT_E)));
    envelope_decoder_free(decoder);
    buffer_fini(&bytes);
}

static void refuses_what_is_over_the_limit(void **state)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    char *bytes = calloc(1, ENVELOPE_MAX_BYTES + 1);

    (void)state;
    // A valid message, but for its size: args fill the rest.
    const struct span head = SPAN_LIT(ROOM_R EVENT_E "\x42\xf5\xff\xff\x1f");
    memcpy(bytes, head.ptr, head.len);
    assert_non_null(envelope_decode(decoder, (struct span){bytes, ENVELOPE_MAX_BYTES}));
    bytes[7] = '\xf6';
    assert_null(envelope_decode(decoder, (struct span){bytes, ENVELOPE_MAX_BYTES + 1}));
    free(bytes);
    envelope_decoder_free(decoder);
}

static void encoding_appends(void **state)
{
    struct buffer bytes = {0};

    (void)state;
    buffer_append(&bytes, SPAN_LIT("before"));
    envelope_encode(&(struct envelope){.room = SPAN_LIT("r"), .event = SPAN_LIT("e")}, &bytes);
    assert_bytes(buffer_span(&bytes), SPAN_LIT("before" ROOM_R EVENT_E));
    assert_int_equal(bytes.ptr[bytes.len], '\0');
    buffer_fini(&bytes);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(round_trip_cases) + ARRAY_LEN(wire_cases) + 6] = {
        cmocka_unit_test(one_room_costs_nothing_more),
        cmocka_unit_test(has_a_limit_of_rooms),
        cmocka_unit_test(decodes_as_many_fields_as_there_can_be),
        cmocka_unit_test(bears_truncation),
        cmocka_unit_test(decoder_uses_its_memory_again),
        cmocka_unit_test(large_and_small_take_turns),
        cmocka_unit_test(refuses_floods_of_fields),
        cmocka_unit_test(refuses_what_is_over_the_limit),
        cmocka_unit_test(encoding_appends),
    };
    size_t count = 6;

    ADD_ROWS(tests, count, round_trip_cases, survives_the_round_trip);
    ADD_ROWS(tests, count, wire_cases, reads_the_wire);
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
