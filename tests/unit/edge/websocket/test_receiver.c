#include "edge/websocket/receiver.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define MAX_MESSAGE 20

// A client's frames are written as their first byte and the payload in parentheses, with blanks
// between them: "81(hello)". One with "u" before it is not masked. What comes out is written as
// text:hello, bin:…, ping:…, pong:…, close:1000 and failed:1002.
struct row {
    const char *name;
    const char *frames;
    const char *events;
    bool compression;
};

// clang-format off
static const struct row rows[] = {
    {"text", "81(hello)", "text:hello ", false},
    {"binary", "82(\xff\xfe)", "bin:\xff\xfe ", false},
    {"empty", "81() 82()", "text: bin: ", false},
    {"several", "81(a) 81(b) 82(c)", "text:a text:b bin:c ", false},
    {"the largest", "81(12345678901234567890)", "text:12345678901234567890 ", false},
    {"one byte more", "81(123456789012345678901)", "failed:1009 ", false},
    {"fragments", "01(he) 00(l) 80(lo)", "text:hello ", false},
    {"empty fragments", "01() 00() 80()", "text: ", false},
    {"binary fragments", "02(a) 80(b)", "bin:ab ", false},
    {"fragments too large together", "01(1234567890) 80(12345678901)", "failed:1009 ", false},
    {"control frames between fragments", "01(he) 89(p) 8a(q) 80(llo)", "ping:p pong:q text:hello ", false},
    {"close between fragments", "01(he) 88()", "close:1005 ", false},
    {"text within fragments", "01(he) 81(x)", "failed:1002 ", false},
    {"continuation of nothing", "80(x)", "failed:1002 ", false},
    {"continuation of what is whole", "81(x) 80(y)", "text:x failed:1002 ", false},
    {"a ping may be larger than a message", "89(123456789012345678901)", "ping:123456789012345678901 ", false},
    {"not masked", "u81(hello)", "failed:1002 ", false},
    {"nothing after a failure", "u81(hello) 81(hello)", "failed:1002 ", false},
    {"close with code", "88(\x03\xe8)", "close:1000 ", false},
    {"close with reason", "88(\x03\xe9""bye)", "close:1001 ", false},
    {"close with a reason that is no text", "88(\x03\xe9\xff)", "failed:1007 ", false},
    {"close of an application", "88(\x0f\xa0)", "close:4000 ", false},
    {"close of a library", "88(\x0b\xb8)", "close:3000 ", false},
    {"close with half a code", "88(\x03)", "failed:1002 ", false},
    {"close with 999", "88(\x03\xe7)", "failed:1002 ", false},
    {"close with 1004", "88(\x03\xec)", "failed:1002 ", false},
    {"close with 1005", "88(\x03\xed)", "failed:1002 ", false},
    {"close with 1006", "88(\x03\xee)", "failed:1002 ", false},
    {"close with 1007", "88(\x03\xef)", "close:1007 ", false},
    {"close with 1014", "88(\x03\xf6)", "close:1014 ", false},
    {"close with 1015", "88(\x03\xf7)", "failed:1002 ", false},
    {"close with 2999", "88(\x0b\xb7)", "failed:1002 ", false},
    {"close with 5000", "88(\x13\x88)", "failed:1002 ", false},
    {"UTF-8", "81(\xe2\x82\xac)", "text:\xe2\x82\xac ", false},
    {"a character in two fragments", "01(\xe2\x82) 80(\xac)", "text:\xe2\x82\xac ", false},
    {"half a character", "81(\xe2\x82)", "failed:1007 ", false},
    {"half a character in fragments", "01(\xe2) 80(\x82)", "failed:1007 ", false},
    {"no UTF-8", "81(\xff)", "failed:1007 ", false},
    {"a surrogate", "81(\xed\xa0\x80)", "failed:1007 ", false},
    {"RSV1 that nobody agreed on", "c1(\xf2\x48\xcd\xc9\xc9\x07@)", "failed:1002 ", false},
    {"compressed", "c1(\xf2\x48\xcd\xc9\xc9\x07@)", "text:Hello ", true},
    {"compressed binary", "c2(\xf2\x48\xcd\xc9\xc9\x07@)", "bin:Hello ", true},
    {"compressed in fragments", "41(\xf2\x48) 00(\xcd\xc9) 80(\xc9\x07@)", "text:Hello ", true},
    {"compressed or not", "c1(\xf2\x48\xcd\xc9\xc9\x07@) 81(x) c1(\xf2\x48\xcd\xc9\xc9\x07@)", "text:Hello text:x text:Hello ", true},
    {"RSV1 on a continuation", "41(\xf2\x48) c0(\xcd\xc9\xc9\x07@)", "failed:1002 ", true},
    {"broken compression", "c1(Hello)", "failed:1007 ", true},
    {"compressed and no UTF-8", "c1(@\x01@\xfe\xff\xff@)", "failed:1007 ", true},
    {"expands to too much", "c1(\x4a\x4c\x24\x0e@@)", "failed:1009 ", true},
};
// clang-format on

// '@' stands for a zero byte, which a C string cannot hold.
static void append_payload(struct buffer *out, struct span payload, bool masked)
{
    static const unsigned char mask[4] = {0x11, 0xf2, 0x03, 0x84};

    if (masked)
        buffer_append(out, (struct span){(const char *)mask, 4});
    for (size_t i = 0; i < payload.len; i++) {
        unsigned char c = payload.ptr[i] == '@' ? 0 : (unsigned char)payload.ptr[i];
        buffer_append_char(out, (char)(masked ? c ^ mask[i % 4] : c));
    }
}

static void append_frame(struct buffer *out, struct span text)
{
    bool masked = text.ptr[0] != 'u';
    struct span digits = masked ? text : span_skip(text, 1);
    char first[3] = {digits.ptr[0], digits.ptr[1], '\0'};
    struct span payload = {digits.ptr + 3, digits.len - 4};

    buffer_append_char(out, (char)strtoul(first, NULL, 16));
    buffer_append_char(out, (char)((masked ? 0x80 : 0) | payload.len));
    append_payload(out, payload, masked);
}

static void append_frames(struct buffer *out, const char *text)
{
    struct span rest = span_of(text), frame;

    while (span_take_until(&rest, ' ', &frame))
        append_frame(out, frame);
}

static void note(struct buffer *heard, enum ws_event event, const struct ws_received *received)
{
    static const char *const names[] = {"", "", "ping:", "pong:", "close:", "failed:"};

    if (event == WS_EVENT_MESSAGE)
        buffer_append(heard, received->kind == WS_TEXT ? SPAN_LIT("text:") : SPAN_LIT("bin:"));
    else
        buffer_append(heard, span_of(names[event]));
    if (event == WS_EVENT_CLOSE || event == WS_EVENT_FAILED)
        buffer_printf(heard, "%u", received->code);
    else
        buffer_append(heard, received->bytes);
    buffer_append_char(heard, ' ');
}

static void receive(struct ws_receiver *receiver, struct ws_inflater *inflater,
                    struct ws_input input, struct buffer *heard)
{
    struct ws_received received;
    enum ws_event event;

    while ((event = ws_receiver_next(receiver, MAX_MESSAGE, inflater, &input, &received)) !=
           WS_EVENT_NONE)
        note(heard, event, &received);
}

// In pieces of every size, from byte by byte to all at once.
static void receives(void **state)
{
    const struct row *row = *state;
    struct ws_inflater *inflater = ws_inflater_new();
    struct buffer frames = {0}, heard = {0};

    append_frames(&frames, row->frames);
    for (size_t step = 1; step <= frames.len; step++) {
        struct ws_receiver receiver = {.compression = row->compression};
        buffer_clear(&heard);
        for (size_t at = 0; at < frames.len; at += step) {
            size_t len = frames.len - at < step ? frames.len - at : step;
            struct span piece = exact_copy((struct span){frames.ptr + at, len});
            receive(&receiver, inflater, (struct ws_input){(char *)piece.ptr, len}, &heard);
            free((void *)piece.ptr);
        }
        assert_span(buffer_span(&heard), row->events);
        ws_receiver_fini(&receiver);
    }
    buffer_fini(&frames);
    buffer_fini(&heard);
    ws_inflater_free(inflater);
}

// What arrives in one piece is handed out where it lies.
static void does_not_copy(void **state)
{
    char bytes[] = "\x81\x85\0\0\0\0hello";
    struct ws_input input = {bytes, sizeof(bytes) - 1};
    struct ws_receiver receiver = {0};
    struct ws_received received;

    (void)state;
    assert_int_equal(ws_receiver_next(&receiver, MAX_MESSAGE, NULL, &input, &received),
                     WS_EVENT_MESSAGE);
    assert_ptr_equal(received.bytes.ptr, bytes + 6);
    assert_int_equal(received.bytes.len, 5);
    assert_null(receiver.message.ptr);
}

// A message's memory goes with it, not with the connection.
static void keeps_no_memory(void **state)
{
    char first[] = "\x01\x82\0\0\0\0he", second[] = "\x80\x83\0\0\0\0llo";
    struct ws_input input = {first, sizeof(first) - 1};
    struct ws_receiver receiver = {0};
    struct ws_received received;

    (void)state;
    assert_int_equal(ws_receiver_next(&receiver, MAX_MESSAGE, NULL, &input, &received), 0);
    assert_non_null(receiver.message.ptr);
    input = (struct ws_input){second, sizeof(second) - 1};
    assert_int_equal(ws_receiver_next(&receiver, MAX_MESSAGE, NULL, &input, &received),
                     WS_EVENT_MESSAGE);
    assert_span(received.bytes, "hello");
    assert_int_equal(ws_receiver_next(&receiver, MAX_MESSAGE, NULL, &input, &received), 0);
    assert_null(receiver.message.ptr);
}

static enum ws_event take_fragment(struct ws_receiver *receiver, char first_byte)
{
    char fragment[] = {first_byte, '\x80', 0, 0, 0, 0};
    struct ws_input input = {fragment, sizeof(fragment)};
    struct ws_received received = {.code = 0};
    enum ws_event event = ws_receiver_next(receiver, MAX_MESSAGE, NULL, &input, &received);

    assert_true(event != WS_EVENT_FAILED || received.code == WS_CLOSE_TOO_BIG);
    return event;
}

static void counts_fragments(void **state)
{
    struct ws_receiver receiver = {0};

    (void)state;
    for (int message = 0; message < 2; message++) { // the count begins anew with each
        assert_int_equal(take_fragment(&receiver, 0x01), WS_EVENT_NONE);
        for (unsigned i = 2; i < WS_FRAGMENTS_MAX; i++)
            assert_int_equal(take_fragment(&receiver, 0x00), WS_EVENT_NONE);
        if (message == 0)
            assert_int_equal(take_fragment(&receiver, (char)0x80), WS_EVENT_MESSAGE);
    }
    assert_int_equal(take_fragment(&receiver, 0x00), WS_EVENT_NONE);
    assert_int_equal(take_fragment(&receiver, (char)0x80), WS_EVENT_FAILED);
    ws_receiver_fini(&receiver);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, receives);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(does_not_copy);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(keeps_no_memory);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(counts_fragments);
    return cmocka_run_group_tests_name("websocket receiver", tests, NULL, NULL);
}
