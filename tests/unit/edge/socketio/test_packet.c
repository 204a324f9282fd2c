#include "common/buffer.h"
#include "edge/socketio/packet.h"
#include "tests/unit/unit.h"

struct good_row {
    const char *name;
    const char *text;
    enum sio_type type;
    const char *nsp;
    const char *json;
    const char *event; // escapes not resolved
    const char *args;
    uint32_t arg_count;
    int64_t ack_id; // -1: none
    uint32_t attachments;
    const char *query;
};

// clang-format off
static const struct good_row good[] = {
    {"connect", "0", SIO_CONNECT, "/", "", "", "", 0, -1, 0, ""},
    {"connect with auth", "0{\"token\":\"x\"}", SIO_CONNECT, "/", "{\"token\":\"x\"}", "", "", 0, -1, 0, ""},
    {"connect to a namespace", "0/custom,", SIO_CONNECT, "/custom", "", "", "", 0, -1, 0, ""},
    {"connect to a namespace, no comma", "0/custom", SIO_CONNECT, "/custom", "", "", "", 0, -1, 0, ""},
    {"connect to a namespace with auth", "0/custom,{}", SIO_CONNECT, "/custom", "{}", "", "", 0, -1, 0, ""},
    {"connect with a query", "0/a?b=1&c=2,", SIO_CONNECT, "/a", "", "", "", 0, -1, 0, "b=1&c=2"},
    {"connect to the root by name", "0/,{}", SIO_CONNECT, "/", "{}", "", "", 0, -1, 0, ""},
    {"disconnect", "1", SIO_DISCONNECT, "/", "", "", "", 0, -1, 0, ""},
    {"disconnect of a namespace", "1/custom,", SIO_DISCONNECT, "/custom", "", "", "", 0, -1, 0, ""},
    {"event", "2[\"hi\"]", SIO_EVENT, "/", "[\"hi\"]", "hi", "", 0, -1, 0, ""},
    {"event with arguments", "2[\"hi\",1, {\"a\":[]} ,null]", SIO_EVENT, "/", "[\"hi\",1, {\"a\":[]} ,null]", "hi", "1, {\"a\":[]} ,null", 3, -1, 0, ""},
    {"event with an ack", "20[\"hi\"]", SIO_EVENT, "/", "[\"hi\"]", "hi", "", 0, 0, 0, ""},
    {"event in a namespace with an ack", "2/a,12[\"hi\",1]", SIO_EVENT, "/a", "[\"hi\",1]", "hi", "1", 1, 12, 0, ""},
    {"largest ack id", "29007199254740991[\"hi\"]", SIO_EVENT, "/", "[\"hi\"]", "hi", "", 0, 9007199254740991, 0, ""},
    {"ack id with zeros in front", "2007[\"hi\"]", SIO_EVENT, "/", "[\"hi\"]", "hi", "", 0, 7, 0, ""},
    {"event named by a number", "2[42,1]", SIO_EVENT, "/", "[42,1]", "42", "1", 1, -1, 0, ""},
    {"event with an escaped name", "2[\"a\\nb\"]", SIO_EVENT, "/", "[\"a\\nb\"]", "a\\nb", "", 0, -1, 0, ""},
    {"event in several alphabets", "2[\"\xc3\xa9\xe2\x82\xac\",\"\xf0\x9f\x98\x80\"]", SIO_EVENT, "/", "[\"\xc3\xa9\xe2\x82\xac\",\"\xf0\x9f\x98\x80\"]", "\xc3\xa9\xe2\x82\xac", "\"\xf0\x9f\x98\x80\"", 1, -1, 0, ""},
    {"event named by half a surrogate pair", "2[\"\\ud83d\"]", SIO_EVENT, "/", "[\"\\ud83d\"]", "\\ud83d", "", 0, -1, 0, ""},
    {"event with half a surrogate pair", "2[\"hi\",\"\\ude00\"]", SIO_EVENT, "/", "[\"hi\",\"\\ude00\"]", "hi", "\"\\ude00\"", 1, -1, 0, ""},
    {"event in blanks", "2 [ \"hi\" , 1 , 2 ] ", SIO_EVENT, "/", " [ \"hi\" , 1 , 2 ] ", "hi", "1 , 2", 2, -1, 0, ""},
    {"event named error", "2[\"error\"]", SIO_EVENT, "/", "[\"error\"]", "error", "", 0, -1, 0, ""},
    {"event named __proto__", "2[\"__proto__\"]", SIO_EVENT, "/", "[\"__proto__\"]", "__proto__", "", 0, -1, 0, ""},
    {"event without a name", "2[\"\"]", SIO_EVENT, "/", "[\"\"]", "", "", 0, -1, 0, ""},
    {"event with a query in its namespace", "2/a?b,[\"hi\"]", SIO_EVENT, "/a?b", "[\"hi\"]", "hi", "", 0, -1, 0, ""},
    {"ack", "312[]", SIO_ACK, "/", "[]", "", "", 0, 12, 0, ""},
    {"ack with arguments", "3/a,0[1,2]", SIO_ACK, "/a", "[1,2]", "", "1,2", 2, 0, 0, ""},
    {"ack whose first is no name", "30[\"connect\"]", SIO_ACK, "/", "[\"connect\"]", "", "\"connect\"", 1, 0, 0, ""},
    {"ack without an id", "3[]", SIO_ACK, "/", "[]", "", "", 0, -1, 0, ""},
    {"error", "4{\"message\":\"no\"}", SIO_CONNECT_ERROR, "/", "{\"message\":\"no\"}", "", "", 0, -1, 0, ""},
    {"error as a string", "4\"no\"", SIO_CONNECT_ERROR, "/", "\"no\"", "", "", 0, -1, 0, ""},
    {"binary event", "51-[\"hi\",{\"_placeholder\":true,\"num\":0}]", SIO_BINARY_EVENT, "/", "[\"hi\",{\"_placeholder\":true,\"num\":0}]", "hi", "{\"_placeholder\":true,\"num\":0}", 1, -1, 1, ""},
    {"binary event in full", "510-/a,7[\"hi\",{\"x\":[{\"num\":9,\"_placeholder\":true}]}]", SIO_BINARY_EVENT, "/a", "[\"hi\",{\"x\":[{\"num\":9,\"_placeholder\":true}]}]", "hi", "{\"x\":[{\"num\":9,\"_placeholder\":true}]}", 1, 7, 10, ""},
    {"binary event without placeholders", "51-[\"hi\"]", SIO_BINARY_EVENT, "/", "[\"hi\"]", "hi", "", 0, -1, 1, ""},
    {"attachment used twice", "51-[\"hi\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]", SIO_BINARY_EVENT, "/", "[\"hi\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]", "hi", "{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}", 2, -1, 1, ""},
    {"no placeholder after all", "51-[\"hi\",{\"_placeholder\":false,\"num\":\"x\"}]", SIO_BINARY_EVENT, "/", "[\"hi\",{\"_placeholder\":false,\"num\":\"x\"}]", "hi", "{\"_placeholder\":false,\"num\":\"x\"}", 1, -1, 1, ""},
    {"last of doubled names counts", "51-[1,{\"_placeholder\":true,\"num\":5,\"num\":0}]", SIO_BINARY_EVENT, "/", "[1,{\"_placeholder\":true,\"num\":5,\"num\":0}]", "1", "{\"_placeholder\":true,\"num\":5,\"num\":0}", 1, -1, 1, ""},
    {"placeholder in a text event", "2[\"hi\",{\"_placeholder\":true,\"num\":9}]", SIO_EVENT, "/", "[\"hi\",{\"_placeholder\":true,\"num\":9}]", "hi", "{\"_placeholder\":true,\"num\":9}", 1, -1, 0, ""},
    {"placeholder text in strings", "51-[\"hi\",\"{\\\"_placeholder\\\":true}\",-1.5e3,null]", SIO_BINARY_EVENT, "/", "[\"hi\",\"{\\\"_placeholder\\\":true}\",-1.5e3,null]", "hi", "\"{\\\"_placeholder\\\":true}\",-1.5e3,null", 3, -1, 1, ""},
    {"binary ack", "61-3[{\"_placeholder\":true,\"num\":0}]", SIO_BINARY_ACK, "/", "[{\"_placeholder\":true,\"num\":0}]", "", "{\"_placeholder\":true,\"num\":0}", 1, 3, 1, ""},
};

struct bad_row {
    const char *name;
    const char *text;
    enum sio_status status;
};

static const struct bad_row bad[] = {
    {"nothing", "", SIO_BAD_TYPE},
    {"letters", "abc", SIO_BAD_TYPE},
    {"type 7", "7", SIO_BAD_TYPE},
    {"type beyond ASCII", "\xff", SIO_BAD_TYPE},
    {"connect with null", "0null", SIO_BAD_PAYLOAD},
    {"connect with an array", "0[1]", SIO_BAD_PAYLOAD},
    {"connect with a string", "0\"x\"", SIO_BAD_PAYLOAD},
    {"connect with half an object", "0{\"a\":1", SIO_BAD_JSON},
    {"connect with two objects", "0{}{}", SIO_BAD_JSON},
    {"disconnect with a payload", "1[]", SIO_BAD_PAYLOAD},
    {"disconnect of a namespace with a payload", "1/a,{}", SIO_BAD_PAYLOAD},
    {"event without payload", "2", SIO_BAD_PAYLOAD},
    {"event with an object", "2{}", SIO_BAD_PAYLOAD},
    {"event with an empty array", "2[]", SIO_BAD_PAYLOAD},
    {"event named by an object", "2[{\"toString\":\"x\"}]", SIO_BAD_PAYLOAD},
    {"event named by null", "2[null]", SIO_BAD_PAYLOAD},
    {"event named by an array", "2[[]]", SIO_BAD_PAYLOAD},
    {"event named by true", "2[true]", SIO_BAD_PAYLOAD},
    {"event cut in its name", "2[\"a", SIO_BAD_JSON},
    {"event without its bracket", "2[\"a\"", SIO_BAD_JSON},
    {"event with something behind", "2[\"a\"]x", SIO_BAD_JSON},
    {"event with a bad argument", "2[\"a\",01]", SIO_BAD_JSON},
    {"event with a comma and no argument", "2[\"a\",]", SIO_BAD_JSON},
    {"name that is no UTF-8", "2[\"a\xff\"]", SIO_BAD_JSON},
    {"argument that is no UTF-8", "2[\"a\",\"\xe2\x82\"]", SIO_BAD_JSON},
    {"surrogate in UTF-8", "2[\"a\",\"\xed\xa0\xbd\"]", SIO_BAD_JSON},
    {"member name that is no UTF-8", "2[\"a\",{\"\xc0\xaf\":1}]", SIO_BAD_JSON},
    {"ack that is no UTF-8", "31[\"\x80\"]", SIO_BAD_JSON},
    {"connect that is no UTF-8", "0{\"token\":\"\xff\"}", SIO_BAD_JSON},
    {"letters before the payload", "2abc[\"a\"]", SIO_BAD_PAYLOAD},
    {"negative ack id", "2-1[\"a\"]", SIO_BAD_PAYLOAD},
    {"ack id too large", "29007199254740992[\"a\"]", SIO_BAD_ACK_ID},
    {"ack id of 22 digits", "21234567890123456789012[\"a\"]", SIO_BAD_ACK_ID},
    {"reserved connect", "2[\"connect\"]", SIO_RESERVED_EVENT},
    {"reserved connect_error", "2[\"connect_error\",1]", SIO_RESERVED_EVENT},
    {"reserved disconnect", "2[\"disconnect\"]", SIO_RESERVED_EVENT},
    {"reserved disconnecting", "2[\"disconnecting\"]", SIO_RESERVED_EVENT},
    {"reserved newListener", "2[\"newListener\"]", SIO_RESERVED_EVENT},
    {"reserved removeListener", "2[\"removeListener\"]", SIO_RESERVED_EVENT},
    {"reserved behind an escape", "2[\"\\u0063onnect\"]", SIO_RESERVED_EVENT},
    {"reserved, every letter escaped", "2[\"\\u0063\\u006f\\u006e\\u006e\\u0065\\u0063\\u0074\"]", SIO_RESERVED_EVENT},
    {"ack without payload", "31", SIO_BAD_PAYLOAD},
    {"ack with an object", "31{}", SIO_BAD_PAYLOAD},
    {"error without payload", "4", SIO_BAD_PAYLOAD},
    {"error with an array", "4[]", SIO_BAD_PAYLOAD},
    {"binary without a count", "5[\"a\"]", SIO_BAD_ATTACHMENTS},
    {"binary without a dash", "51[\"a\"]", SIO_BAD_ATTACHMENTS},
    {"binary with nothing but a count", "51", SIO_BAD_ATTACHMENTS},
    {"no attachments", "50-[\"a\"]", SIO_BAD_ATTACHMENTS},
    {"eleven attachments", "511-[\"a\"]", SIO_BAD_ATTACHMENTS},
    {"a count of many digits", "599999999999999999999999-[\"a\"]", SIO_BAD_ATTACHMENTS},
    {"placeholder out of range", "51-[\"a\",{\"_placeholder\":true,\"num\":1}]", SIO_BAD_PLACEHOLDER},
    {"placeholder far out of range", "51-[\"a\",{\"_placeholder\":true,\"num\":4294967296}]", SIO_BAD_PLACEHOLDER},
    {"placeholder below zero", "51-[\"a\",{\"_placeholder\":true,\"num\":-1}]", SIO_BAD_PLACEHOLDER},
    {"placeholder of a fraction", "52-[\"a\",{\"_placeholder\":true,\"num\":0.5}]", SIO_BAD_PLACEHOLDER},
    {"placeholder of a word", "51-[\"a\",{\"_placeholder\":true,\"num\":\"splice\"}]", SIO_BAD_PLACEHOLDER},
    {"placeholder of an object", "51-[\"a\",{\"_placeholder\":true,\"num\":{}}]", SIO_BAD_PLACEHOLDER},
    {"placeholder without a number", "51-[\"a\",{\"_placeholder\":true}]", SIO_BAD_PLACEHOLDER},
    {"placeholder deep inside", "51-[\"a\",[ { \"x\" : [ {\"num\": 3 , \"_placeholder\" : true } ] } ] ]", SIO_BAD_PLACEHOLDER},
    {"placeholder behind an escape", "51-[\"a\",{\"\\u005fplaceholder\":true,\"num\":1}]", SIO_BAD_PLACEHOLDER},
    {"placeholder behind a string with a quote", "51-[\"a\",\"\\\"\",{\"_placeholder\":true,\"num\":1}]", SIO_BAD_PLACEHOLDER},
    {"placeholder in an ack", "61-1[{\"_placeholder\":true,\"num\":1}]", SIO_BAD_PLACEHOLDER},
};
// clang-format on

static void decodes(void **state)
{
    const struct good_row *row = *state;
    struct span text = exact_copy(span_of(row->text));
    struct sio_packet packet;

    assert_int_equal(sio_packet_decode(text, &packet), SIO_OK);
    assert_int_equal(packet.type, row->type);
    assert_span(packet.nsp, row->nsp);
    assert_span(packet.nsp_query, row->query);
    assert_span(packet.json, row->json);
    assert_span(packet.name, row->event);
    assert_int_equal(packet.name_escaped, strchr(row->event, '\\') != NULL);
    assert_span(packet.args, row->args);
    assert_int_equal(packet.arg_count, row->arg_count);
    assert_int_equal(packet.attachments, row->attachments);
    assert_int_equal(packet.has_ack, row->ack_id >= 0);
    if (row->ack_id >= 0)
        assert_int_equal(packet.ack_id, row->ack_id);
    free((void *)text.ptr);
}

static void refuses(void **state)
{
    const struct bad_row *row = *state;
    struct span text = exact_copy(span_of(row->text));
    struct sio_packet packet;

    assert_string_equal(sio_status_str(sio_packet_decode(text, &packet)),
                        sio_status_str(row->status));
    free((void *)text.ptr);
}

// "2[0,0,…]" with that many arguments.
static enum sio_status decode_with_args(unsigned args)
{
    struct buffer text = {0};
    struct sio_packet packet;

    buffer_append(&text, SPAN_LIT("2[0"));
    for (unsigned i = 0; i < args; i++)
        buffer_append(&text, SPAN_LIT(",0"));
    buffer_append_char(&text, ']');
    enum sio_status status = sio_packet_decode(buffer_span(&text), &packet);
    buffer_fini(&text);
    return status;
}

static void limits_arguments(void **state)
{
    (void)state;
    assert_int_equal(decode_with_args(SIO_ARGS_MAX), SIO_OK);
    assert_int_equal(decode_with_args(SIO_ARGS_MAX + 1), SIO_TOO_MANY_ARGS);
}

static enum sio_status decode_with_depth(unsigned depth)
{
    struct buffer text = {0};
    struct sio_packet packet;

    buffer_append(&text, SPAN_LIT("2[0,"));
    for (unsigned i = 1; i < depth; i++)
        buffer_append_char(&text, '[');
    for (unsigned i = 0; i < depth; i++)
        buffer_append_char(&text, ']');
    enum sio_status status = sio_packet_decode(buffer_span(&text), &packet);
    buffer_fini(&text);
    return status;
}

static void limits_depth(void **state)
{
    (void)state;
    assert_int_equal(decode_with_depth(SIO_JSON_DEPTH_MAX), SIO_OK);
    assert_int_equal(decode_with_depth(SIO_JSON_DEPTH_MAX + 1), SIO_BAD_JSON);
    assert_int_equal(decode_with_depth(100000), SIO_BAD_JSON);
}

static enum sio_status decode_with_namespace(size_t len)
{
    struct buffer text = {0};
    struct sio_packet packet;

    buffer_append(&text, SPAN_LIT("0/"));
    while (text.len < len + 1)
        buffer_append_char(&text, 'x');
    enum sio_status status = sio_packet_decode(buffer_span(&text), &packet);
    buffer_fini(&text);
    return status;
}

static void limits_namespace(void **state)
{
    (void)state;
    assert_int_equal(decode_with_namespace(SIO_NAMESPACE_MAX), SIO_OK);
    assert_int_equal(decode_with_namespace(SIO_NAMESPACE_MAX + 1), SIO_BAD_NAMESPACE);
}

static void assert_frame(struct frame *frame, const char *packet)
{
    assert_int_equal(frame_kind_of(frame), FRAME_TEXT);
    assert_span(frame_packet(frame), packet);
    assert_null(frame_next(frame));
    frame_unref(frame);
}

#define ROOT  SPAN_LIT("/")
#define ADMIN SPAN_LIT("/admin")
#define NONE  ((struct span){0})

static void encodes(void **state)
{
    (void)state;
    const uint64_t id = 12;

    assert_frame(sio_encode_connect(ROOT, SPAN_LIT("{\"sid\":\"x\"}")), "40{\"sid\":\"x\"}");
    assert_frame(sio_encode_connect(ADMIN, NONE), "40/admin,");
    assert_frame(sio_encode_connect_error(ADMIN, SPAN_LIT("\"no\"")), "44/admin,\"no\"");
    assert_frame(sio_encode_disconnect(ROOT), "41");
    assert_frame(sio_encode_disconnect(ADMIN), "41/admin,");
    assert_frame(sio_encode_event_at(ROOT, SPAN_LIT("hi"), NONE, NONE), "42[\"hi\"]");
    assert_frame(sio_encode_event_at(ADMIN, SPAN_LIT("hi"), SPAN_LIT("1,{}"), NONE),
                 "42/admin,[\"hi\",1,{}]");
    assert_frame(sio_encode_event_at(ROOT, SPAN_LIT("a\"b\n"), NONE, NONE), "42[\"a\\\"b\\n\"]");
    assert_frame(sio_encode_event_with(ROOT, SPAN_LIT("hi"), SPAN_LIT("1"), &id, NULL, 0),
                 "4212[\"hi\",1]");
    assert_frame(sio_encode_ack(ROOT, 0, NONE, NULL, 0), "430[]");
    assert_frame(sio_encode_ack(ADMIN, 9007199254740991, SPAN_LIT("1,2"), NULL, 0),
                 "43/admin,9007199254740991[1,2]");
}

static void assert_follower(struct frame *frame, const char *bytes)
{
    assert_int_equal(frame_kind_of(frame), FRAME_BINARY);
    assert_span(frame_packet(frame), bytes);
}

static void attachments_follow(void **state)
{
    (void)state;
    const struct span bytes[] = {SPAN_LIT("one"), {0}, SPAN_LIT("three")};
    struct frame *frame =
        sio_encode_event_with(ADMIN, SPAN_LIT("hi"), SPAN_LIT("1"), NULL, bytes, 3);

    assert_span(frame_packet(frame), "453-/admin,[\"hi\",1]");
    struct frame *next = frame_next(frame);
    assert_follower(next, "one");
    assert_follower(frame_next(next), "");
    assert_follower(frame_next(frame_next(next)), "three");
    assert_null(frame_next(frame_next(frame_next(next))));
    frame_unref(frame);

    frame = sio_encode_ack(ROOT, 5, SPAN_LIT("1"), bytes, 1);
    assert_span(frame_packet(frame), "461-5[1]");
    assert_follower(frame_next(frame), "one");
    frame_unref(frame);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good) + ARRAY_LEN(bad) + 5];
    size_t count = 0;

    ADD_ROWS(tests, count, good, decodes);
    ADD_ROWS(tests, count, bad, refuses);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(limits_arguments);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(limits_depth);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(limits_namespace);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(encodes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(attachments_follow);
    return cmocka_run_group_tests_name("socketio packet", tests, NULL, NULL);
}
