#include "edge/engineio/payload.h"

#include "tests/unit/unit.h"

struct payload_row {
    const char *name;
    enum eio_payload_form form;
    struct span bytes;
    const char *packets; // "4:hello 4b:xy ", each with its type
    bool malformed;      // behind those
};

// clang-format off
static const struct payload_row payloads[] = {
    {"one packet", PAYLOAD_V4, SPAN_INIT("4hello"), "4:hello ", false},
    {"several packets", PAYLOAD_V4, SPAN_INIT("4a\x1e" "2\x1e" "bAQI=\x1e" "4b"), "4:a 2: 4b:\1\2 4:b ", false},
    {"separator at the end", PAYLOAD_V4, SPAN_INIT("4a\x1e"), "4:a ", true},
    {"separator at the start", PAYLOAD_V4, SPAN_INIT("\x1e" "4a"), "", true},
    {"two separators", PAYLOAD_V4, SPAN_INIT("4a\x1e\x1e" "4b"), "4:a ", true},
    {"a broken one between", PAYLOAD_V4, SPAN_INIT("4a\x1e" "9\x1e" "4b"), "4:a ", true},
    {"lengths of revision 3", PAYLOAD_V4, SPAN_INIT("6:4hello"), "6::4hello ", false},
    {"revision 3", PAYLOAD_V3_TEXT, SPAN_INIT("6:4hello2:4b"), "4:hello 4:b ", false},
    {"revision 3: two bytes, one unit", PAYLOAD_V3_TEXT, SPAN_INIT("2:4\xc3\xa9" "1:2"), "4:\xc3\xa9 2: ", false},
    {"revision 3: four bytes, two units", PAYLOAD_V3_TEXT, SPAN_INIT("3:4\xf0\x9f\x98\x80" "1:2"), "4:\xf0\x9f\x98\x80 2: ", false},
    {"revision 3: half of a pair", PAYLOAD_V3_TEXT, SPAN_INIT("2:4\xf0\x9f\x98\x80"), "", true},
    {"revision 3: empty packet", PAYLOAD_V3_TEXT, SPAN_INIT("0:1:2"), "2: ", false},
    {"revision 3: longer than there is", PAYLOAD_V3_TEXT, SPAN_INIT("7:4hello"), "", true},
    {"revision 3: no length", PAYLOAD_V3_TEXT, SPAN_INIT(":4"), "", true},
    {"revision 3: no colon", PAYLOAD_V3_TEXT, SPAN_INIT("123"), "", true},
    {"revision 3: negative length", PAYLOAD_V3_TEXT, SPAN_INIT("-1:4"), "", true},
    {"revision 3: length of letters", PAYLOAD_V3_TEXT, SPAN_INIT("1e1:4"), "", true},
    {"revision 3: length of many digits", PAYLOAD_V3_TEXT, SPAN_INIT("18446744073709551617:4"), "", true},
    {"text that is no UTF-8", PAYLOAD_V4, SPAN_INIT("4ok\x1e" "4\xff"), "4:ok ", true},
    {"binary is no text", PAYLOAD_V3_BINARY, SPAN_INIT("\1\2\xff\4\xff"), "4b:\xff ", false},
    {"revision 3: text that is no UTF-8", PAYLOAD_V3_BINARY, SPAN_INIT("\0\2\xff" "4\xff"), "", true},
    {"revision 3: binary payload", PAYLOAD_V3_BINARY, SPAN_INIT("\0\4\xff" "4\xe2\x82\xac" "\1\5\xff\4\1\2\3\4"), "4:\xe2\x82\xac 4b:\1\2\3\4 ", false},
    {"revision 3: binary, two digits", PAYLOAD_V3_BINARY, SPAN_INIT("\0\1\0\xff" "4123456789"), "4:123456789 ", false},
    {"revision 3: binary, no end of the length", PAYLOAD_V3_BINARY, SPAN_INIT("\0\1\1\1"), "", true},
    {"revision 3: binary, digit above 9", PAYLOAD_V3_BINARY, SPAN_INIT("\0\x0a\xff" "4"), "", true},
    {"revision 3: binary, unknown kind", PAYLOAD_V3_BINARY, SPAN_INIT("\2\1\xff" "4"), "", true},
    {"revision 3: binary, longer than there is", PAYLOAD_V3_BINARY, SPAN_INIT("\0\2\xff" "4"), "", true},
};
// clang-format on

static void decodes_a_payload(void **state)
{
    const struct payload_row *row = *state;
    struct span bytes = exact_copy(row->bytes), rest = bytes;
    struct buffer scratch = {0}, seen = {0};
    struct eio_packet packet;
    enum eio_payload_status status;

    buffer_append(&seen, SPAN_LIT(""));
    while ((status = eio_payload_take(row->form, &rest, &scratch, &packet)) == PAYLOAD_PACKET) {
        buffer_printf(&seen, "%u%s:", packet.type, packet.kind == FRAME_BINARY ? "b" : "");
        buffer_append(&seen, packet.data);
        buffer_append_char(&seen, ' ');
    }
    assert_int_equal(status, row->malformed ? PAYLOAD_MALFORMED : PAYLOAD_END);
    assert_span(buffer_span(&seen), row->packets);
    buffer_fini(&scratch);
    buffer_fini(&seen);
    free((void *)bytes.ptr);
}

struct encode_row {
    const char *name;
    enum eio_payload_form form;
    const char *text, *binary, *last; // NULL: without
    struct span bytes;
};

#define EURO "4\xe2\x82\xac"

// clang-format off
static const struct encode_row encodes[] = {
    {"encodes nothing", PAYLOAD_V4, NULL, NULL, NULL, SPAN_INIT("")},
    {"encodes text", PAYLOAD_V4, EURO, NULL, NULL, SPAN_INIT(EURO)},
    {"encodes binary", PAYLOAD_V4, NULL, "\1\2\3\4", NULL, SPAN_INIT("bAQIDBA==")},
    {"encodes both and a last", PAYLOAD_V4, EURO, "\1\2\3\4", "6", SPAN_INIT(EURO "\x1e" "bAQIDBA==\x1e" "6")},
    {"encodes a last alone", PAYLOAD_V4, NULL, NULL, "6", SPAN_INIT("6")},
    {"encodes revision 3", PAYLOAD_V3_TEXT, EURO, "\1\2\3\4", "6", SPAN_INIT("2:" EURO "10:b4AQIDBA==1:6")},
    {"encodes a pair in revision 3", PAYLOAD_V3_TEXT, "4\xf0\x9f\x98\x80", NULL, NULL, SPAN_INIT("3:4\xf0\x9f\x98\x80")},
    {"encodes revision 3 in binary", PAYLOAD_V3_BINARY, EURO, "\1\2\3\4", "6", SPAN_INIT("\0\4\xff" EURO "\1\5\xff\4\1\2\3\4" "\0\1\xff" "6")},
    {"encodes a length of two digits", PAYLOAD_V3_BINARY, "4123456789", NULL, NULL, SPAN_INIT("\0\1\0\xff" "4123456789")},
};
// clang-format on

static void push(struct outbox *outbox, enum frame_kind kind, const char *packet)
{
    if (!packet)
        return;
    struct frame *frame = frame_new(kind, span_of(packet));
    assert_true(outbox_push(outbox, frame, SIZE_MAX));
    frame_unref(frame);
}

static void encodes_a_payload(void **state)
{
    const struct encode_row *row = *state;
    struct outbox outbox = {0};
    struct buffer out = {0};

    push(&outbox, FRAME_TEXT, row->text);
    push(&outbox, FRAME_BINARY, row->binary);
    assert_int_equal(eio_payload_encode(row->form, &outbox, row->last, &out), outbox.count);
    assert_bytes(buffer_span(&out), row->bytes);
    outbox_fini(&outbox);
    buffer_fini(&out);
}

struct limit_row {
    const char *name;
    enum eio_payload_form form;
    uint32_t count;   // of frames that wait
    size_t size;      // of each
    const char *last; // behind them
    uint32_t taken;   // in the first payload
};

// clang-format off
static const struct limit_row limits[] = {
    {"takes 16 packets", PAYLOAD_V4, 16, 10, NULL, 16},
    {"and no more", PAYLOAD_V4, 17, 10, NULL, 16},
    {"and no more of revision 3", PAYLOAD_V3_TEXT, 40, 10, NULL, 16},
    {"and no more in binary", PAYLOAD_V3_BINARY, 40, 10, NULL, 16},
    {"the last one counts", PAYLOAD_V4, 16, 10, "6", 15},
    {"takes 256 KB", PAYLOAD_V4, 16, 40000, NULL, 6},
    {"takes 256 KB and a last one", PAYLOAD_V4, 16, 40000, "6", 6},
    {"takes one that is larger", PAYLOAD_V4, 3, 300000, NULL, 1},
    {"takes two of 128 KB", PAYLOAD_V4, 3, 131071, NULL, 2},
    {"takes one of half as much and a byte", PAYLOAD_V4, 3, 131073, NULL, 1},
};
// clang-format on

static void encodes_no_more_than(void **state)
{
    const struct limit_row *row = *state;
    struct outbox outbox = {0};
    struct buffer out = {0};
    char *text = calloc(1, row->size + 1);

    memset(text, '4', row->size);
    for (uint32_t i = 0; i < row->count; i++)
        push(&outbox, FRAME_TEXT, text);
    assert_int_equal(eio_payload_encode(row->form, &outbox, row->last, &out), row->taken);
    assert_true(out.len >= row->taken * row->size);
    assert_true(row->taken == 1 || out.len <= EIO_PAYLOAD_BYTES_MAX + 2);
    outbox_fini(&outbox);
    buffer_fini(&out);
    free(text);
}

struct wrap_row {
    const char *name;
    const char *j, *payload, *script;
};

// clang-format off
static const struct wrap_row wraps[] = {
    {"wraps", "4", "2:4a", "___eio[4](\"2:4a\");"},
    {"quotes", "0", "a\"b\\c\n", "___eio[0](\"a\\\"b\\\\c\\n\");"},
    {"quotes what ends a line in JavaScript", "0", "\xe2\x80\xa8-\xe2\x80\xa9", "___eio[0](\"\\u2028-\\u2029\");"},
    {"echoes digits only", "1);a(2", "", "___eio[12](\"\");"},
    {"echoes few digits", "12345678901234567890", "", "___eio[123456789](\"\");"},
};

static const struct wrap_row unwraps[] = {
    {"unwraps", NULL, "d=2%3A4a", "2:4a"},
    {"unwraps a newline", NULL, "d=4%5Cn", "4\n"},
    {"unwraps a backslash before an n", NULL, "d=4%5C%5Cn", "4\\n"},
    {"unwraps behind another field", NULL, "x=1&d=4", "4"},
    {"unwraps nothing", NULL, "d=", ""},
    {"unwraps no field", NULL, "x=1", NULL},
    {"unwraps a broken escape", NULL, "d=%zz", NULL},
};
// clang-format on

static void wraps_jsonp(void **state)
{
    const struct wrap_row *row = *state;
    struct buffer out = {0};

    eio_jsonp_wrap(span_of(row->j), span_of(row->payload), &out);
    assert_span(buffer_span(&out), row->script);
    buffer_fini(&out);
}

static void unwraps_jsonp(void **state)
{
    const struct wrap_row *row = *state;
    struct buffer out = {0};

    assert_int_equal(eio_jsonp_unwrap(span_of(row->payload), &out), row->script != NULL);
    if (row->script)
        assert_span(buffer_span(&out), row->script);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(payloads) + ARRAY_LEN(encodes) + ARRAY_LEN(limits) +
                            ARRAY_LEN(wraps) + ARRAY_LEN(unwraps)];
    size_t count = 0;

    ADD_ROWS(tests, count, payloads, decodes_a_payload);
    ADD_ROWS(tests, count, encodes, encodes_a_payload);
    ADD_ROWS(tests, count, limits, encodes_no_more_than);
    ADD_ROWS(tests, count, wraps, wraps_jsonp);
    ADD_ROWS(tests, count, unwraps, unwraps_jsonp);
    return cmocka_run_group_tests_name("engine.io payload", tests, NULL, NULL);
}
