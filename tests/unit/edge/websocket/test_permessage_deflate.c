#include "edge/websocket/permessage_deflate.h"

#include "tests/unit/unit.h"

#define PLAIN "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

struct offer_row {
    const char *name;
    const char *offers;
    unsigned window_bits;
    const char *answer; // NULL: none is accepted
};

// clang-format off
static const struct offer_row offers[] = {
    {"bare", "permessage-deflate", 15, PLAIN},
    {"what browsers send", "permessage-deflate; client_max_window_bits", 15, PLAIN},
    {"what Node.js sends", "permessage-deflate; client_max_window_bits; server_no_context_takeover", 15, PLAIN},
    {"client window", "permessage-deflate; client_max_window_bits=10", 15, PLAIN},
    {"all of them", "permessage-deflate;server_no_context_takeover;client_no_context_takeover;server_max_window_bits=15;client_max_window_bits=15", 15, PLAIN "; server_max_window_bits=15"},
    {"quoted", "permessage-deflate; server_max_window_bits=\"15\"", 15, PLAIN "; server_max_window_bits=15"},
    {"blanks", "  permessage-deflate ;\tserver_max_window_bits = 15 ", 15, PLAIN "; server_max_window_bits=15"},
    {"the largest server window", "permessage-deflate; server_max_window_bits=15", 15, PLAIN "; server_max_window_bits=15"},
    {"a larger server window than ours", "permessage-deflate; server_max_window_bits=15", 10, PLAIN "; server_max_window_bits=10"},
    {"smaller window of ours", "permessage-deflate", 12, PLAIN "; server_max_window_bits=12"},
    {"smaller window than theirs", "permessage-deflate; server_max_window_bits=12", 12, PLAIN "; server_max_window_bits=12"},
    {"a larger one than theirs", "permessage-deflate; server_max_window_bits=11", 12, NULL},
    {"the second offer", "permessage-deflate; server_max_window_bits=10, permessage-deflate", 15, PLAIN},
    {"behind another extension", "x-other; a=1, permessage-deflate", 15, PLAIN},
    {"none", "", 15, NULL},
    {"another extension", "x-webkit-deflate-frame", 15, NULL},
    {"a longer name", "permessage-deflate2", 15, NULL},
    {"unknown parameter", "permessage-deflate; nonsense", 15, NULL},
    {"doubled parameter", "permessage-deflate; client_max_window_bits; client_max_window_bits", 15, NULL},
    {"doubled takeover", "permessage-deflate; server_no_context_takeover; server_no_context_takeover", 15, NULL},
    {"takeover with a value", "permessage-deflate; client_no_context_takeover=1", 15, NULL},
    {"server window without a value", "permessage-deflate; server_max_window_bits", 15, NULL},
    {"window too small", "permessage-deflate; client_max_window_bits=7", 15, NULL},
    {"window too large", "permessage-deflate; client_max_window_bits=16", 15, NULL},
    {"window of many digits", "permessage-deflate; server_max_window_bits=4294967311", 15, NULL},
    {"leading zero", "permessage-deflate; server_max_window_bits=015", 15, NULL},
    {"no number", "permessage-deflate; client_max_window_bits=ab", 15, NULL},
    {"empty value", "permessage-deflate; client_max_window_bits=", 15, NULL},
    {"half a quote", "permessage-deflate; client_max_window_bits=\"", 15, NULL},
    {"empty parameter", "permessage-deflate;", 15, NULL},
    {"only separators", ",;,;=", 15, NULL},
};

struct inflate_row {
    const char *name;
    struct span payload;
    size_t max;
    enum ws_inflate_status status;
    const char *message;
};

// The first five are those of RFC 7692, 7.2.3.
static const struct inflate_row payloads[] = {
    {"one block", SPAN_INIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), 5, WS_INFLATED, "Hello"},
    {"block without compression", SPAN_INIT("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), 5, WS_INFLATED, "Hello"},
    {"final block", SPAN_INIT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), 5, WS_INFLATED, "Hello"},
    {"two blocks", SPAN_INIT("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), 5, WS_INFLATED, "Hello"},
    {"nothing", SPAN_INIT("\x00"), 0, WS_INFLATED, ""},
    {"one byte too many", SPAN_INIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), 4, WS_INFLATE_TOO_BIG, NULL},
    {"needs the message before it", SPAN_INIT("\xf2\x00\x11\x00\x00"), 5, WS_INFLATE_BROKEN, NULL},
    {"reserved block type", SPAN_INIT("\x07"), 5, WS_INFLATE_BROKEN, NULL},
    {"wrong length", SPAN_INIT("\x00\x05\x00\x00\x00Hello\x00"), 5, WS_INFLATE_BROKEN, NULL},
    {"cut off", SPAN_INIT("\x00\x10\x00\xef\xffHello"), 100, WS_INFLATE_BROKEN, NULL},
    {"no payload", SPAN_INIT(""), 5, WS_INFLATE_BROKEN, NULL},
    {"text", SPAN_INIT("Hello"), 5, WS_INFLATE_BROKEN, NULL},
};

struct round_row {
    const char *name;
    size_t len;
    unsigned window_bits;
    bool noise; // that does not become shorter
};

static const struct round_row rounds[] = {
    {"nothing", 0, 15, false},
    {"one byte", 1, 15, false},
    {"a kilobyte", 1024, 15, false},
    {"a megabyte", 1 << 20, 15, false},
    {"the smallest window", 1 << 20, WS_WINDOW_BITS_MIN, false},
    {"noise", 1 << 20, 15, true},
};
// clang-format on

static void answers(void **state)
{
    const struct offer_row *row = *state;
    struct span text = exact_copy(span_of(row->offers));
    struct buffer answer = {0};

    assert_int_equal(ws_deflate_accept(text, row->window_bits, &answer), row->answer != NULL);
    assert_span(buffer_span(&answer), row->answer);
    buffer_fini(&answer);
    free((void *)text.ptr);
}

// Twice: what a payload leaves behind must not matter to the next.
static void expands(void **state)
{
    const struct inflate_row *row = *state;
    struct ws_inflater *inflater = ws_inflater_new();
    struct span payload = exact_copy(row->payload), message;

    for (int round = 0; round < 2; round++) {
        assert_int_equal(ws_inflate(inflater, payload, row->max, &message), row->status);
        if (row->message)
            assert_span(message, row->message);
    }
    ws_inflater_free(inflater);
    free((void *)payload.ptr);
}

static char *message_of(const struct round_row *row)
{
    char *message = malloc(row->len + 1);
    uint32_t chance = 1;

    assert_non_null(message);
    for (size_t i = 0; i < row->len; i++) {
        chance = chance * 1664525 + 1013904223;
        message[i] = row->noise ? (char)(chance >> 24) : "42[\"new_message\","[i % 17];
    }
    return message;
}

static void comes_back(void **state)
{
    const struct round_row *row = *state;
    struct ws_deflater *deflater = ws_deflater_new(row->window_bits);
    struct ws_inflater *inflater = ws_inflater_new();
    char *message = message_of(row);
    struct span back, payload;

    for (int round = 0; round < 2; round++) {
        payload = ws_deflate(deflater, (struct span){message, row->len});
        if (!row->noise && row->len > 1000)
            assert_true(payload.len < row->len / 20);
        assert_int_equal(ws_inflate(inflater, payload, row->len, &back), WS_INFLATED);
        assert_int_equal(back.len, row->len);
        if (row->len > 0)
            assert_memory_equal(back.ptr, message, row->len);
    }
    free(message);
    ws_deflater_free(deflater);
    ws_inflater_free(inflater);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(offers) + ARRAY_LEN(payloads) + ARRAY_LEN(rounds)];
    size_t count = 0;

    ADD_ROWS(tests, count, offers, answers);
    ADD_ROWS(tests, count, payloads, expands);
    ADD_ROWS(tests, count, rounds, comes_back);
    return cmocka_run_group_tests_name("websocket deflate", tests, NULL, NULL);
}
