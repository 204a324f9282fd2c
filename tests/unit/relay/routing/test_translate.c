#include "relay/routing/translate.h"

#include <stdio.h>

#include "common/gateway_file/gateway_file.h"
#include "common/gateway_file/routes_file.h"
#include "relay/routing/room_list.h"
#include "tests/unit/unit.h"

#define NOW_MS      1731837600123
#define NOW         "2024-11-17T10:00:00.123Z"
#define MAX_BYTES   4096
#define TRACEPARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static const char extra_routes[] =
    "{\"routes\":["
    "{\"routingKey\":\"order.paid\",\"room\":\"shop:{shopId|ownerId}:orders\",\"event\":\"order\","
    "\"fields\":[{\"name\":\"a\",\"from\":[\"x\",\"y\"],\"default\":[1,2]},"
    "{\"name\":\"caf\\u00e9\\\"\",\"from\":[\"z\"]}]},"
    "{\"routingKey\":\"order.updated\",\"room\":\"order:{orderId}\","
    "\"rooms\":[\"user:{buyerId}\",\"user:{watchers[]|fans[]}\"],\"event\":\"order\",\"fields\":["
    "\"a\"]},"
    "{\"routingKey\":\"member.removed\","
    "\"leave\":{\"user\":\"{userId}\",\"room\":\"conversation:{id}\"},"
    "\"rooms\":[\"conversation:{id}\",\"user:{tell[]}\"],\"event\":\"removed\",\"fields\":[\"id\"]}"
    ","
    "{\"routingKey\":\"notice\",\"rooms\":[\"{id}\",\"*\"],\"event\":\"notice\","
    "\"fields\":[\"id\"]},"
    "{\"routingKey\":\"member.added\",\"join\":{\"user\":\"{userId}\","
    "\"room\":\"conversation:{id}\"}},"
    "{\"routingKey\":\"user.blocked\",\"disconnect\":{\"user\":\"{userId}\"}}]}";

static struct gateway_file *file;
static struct translator *translator;

static int set_up_group(void **state)
{
    struct buffer errors = {0};

    (void)state;
    file = gateway_file_load(&(struct gateway_file_options){.queue_prefix = "websocket."}, &errors);
    struct file_reader reader = {span_of(extra_routes), "extra", &errors};
    translator = translator_new(MAX_BYTES);
    if (!file || !routes_file_add(&reader, NULL, file->routes))
        return -1;
    buffer_fini(&errors);
    return 0;
}

static int tear_down_group(void **state)
{
    (void)state;
    gateway_file_free(file);
    translator_free(translator);
    return 0;
}

static struct event event_of(const char *key, struct span body)
{
    return (struct event){
        .route = routes_find(file->routes, span_of(key)), .body = body, .received_ms = NOW_MS};
}

struct good_case {
    const char *name;
    const char *key, *body;
    const char *room, *args;
};

#define MESSAGE "message.sent"
#define BOOKING "booking.confirmed"
#define NOTICE  "notification.created"
#define UPDATE  "order.updated"

// clang-format off
static const struct good_case good_cases[] = {
    {"message, flat", MESSAGE,
     "{\"conversationId\":\"c1\",\"senderId\":\"u1\",\"recipientId\":\"u2\",\"message\":\"hi\",\"timestamp\":\"T\"}",
     "conversation:c1",
     "{\"conversationId\":\"c1\",\"senderId\":\"u1\",\"recipientId\":\"u2\",\"message\":\"hi\",\"timestamp\":\"T\"}"},
    {"message as the services send it", MESSAGE,
     "{\"messageId\":\"m1\",\"conversationId\":\"c1\",\"senderId\":\"u1\",\"text\":\"hi\",\"timestamp\":\"T\"}",
     "conversation:c1",
     "{\"conversationId\":\"c1\",\"senderId\":\"u1\",\"message\":\"hi\",\"messageId\":\"m1\",\"timestamp\":\"T\"}"},
    {"message wrapped by eventName", MESSAGE,
     "{\"eventName\":\"message.sent\",\"data\":{\"conversationId\":\"c1\",\"message\":\"hi\"},\"timestamp\":\"W\",\"service\":\"s\"}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"message\":\"hi\",\"timestamp\":\"W\"}"},
    {"wrapped, with a time of its own", MESSAGE,
     "{\"timestamp\":\"W\",\"data\":{\"timestamp\":\"T\",\"conversationId\":\"c1\"},\"eventName\":\"x\"}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"timestamp\":\"T\"}"},
    {"no time at all", MESSAGE, "{\"conversationId\":\"c1\"}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"timestamp\":\"" NOW "\"}"},
    {"time is null", MESSAGE, "{\"conversationId\":\"c1\",\"timestamp\":null}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"timestamp\":\"" NOW "\"}"},
    {"time is a number", MESSAGE, "{\"conversationId\":\"c1\",\"timestamp\":1731837600123}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"timestamp\":1731837600123}"},
    {"message before text", MESSAGE, "{\"conversationId\":\"c1\",\"text\":\"b\",\"message\":\"a\",\"timestamp\":0}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"message\":\"a\",\"timestamp\":0}"},
    {"text where message is null", MESSAGE, "{\"conversationId\":\"c1\",\"text\":\"b\",\"message\":null,\"timestamp\":0}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"message\":\"b\",\"timestamp\":0}"},
    {"null stays null", MESSAGE, "{\"conversationId\":\"c1\",\"senderId\":null,\"timestamp\":0}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"senderId\":null,\"timestamp\":0}"},
    {"an empty message stays", MESSAGE, "{\"conversationId\":\"c1\",\"message\":\"\",\"timestamp\":0}",
     "conversation:c1", "{\"conversationId\":\"c1\",\"message\":\"\",\"timestamp\":0}"},
    {"numbers and texts stay exactly as they are", MESSAGE,
     "{\"conversationId\":12345678901234567890123,\"senderId\":1.10,\"recipientId\":-0,\"message\":\"\\ud800\\u0000\\/\",\"timestamp\":1E400}",
     "conversation:12345678901234567890123",
     "{\"conversationId\":12345678901234567890123,\"senderId\":1.10,\"recipientId\":-0,\"message\":\"\\ud800\\u0000\\/\",\"timestamp\":1E400}"},
    {"of two members the last one counts", MESSAGE, "{\"conversationId\":\"c1\",\"conversationId\":\"c2\",\"timestamp\":0}",
     "conversation:c2", "{\"conversationId\":\"c2\",\"timestamp\":0}"},
    {"escaped member name and room id", MESSAGE, "{\"conversation\\u0049d\":\"\\u00e9\\ud83d\\ude00\",\"timestamp\":0}",
     "conversation:\xc3\xa9\xf0\x9f\x98\x80", "{\"conversationId\":\"\\u00e9\\ud83d\\ude00\",\"timestamp\":0}"},
    {"room id is a number", MESSAGE, "{\"conversationId\":42,\"timestamp\":0}",
     "conversation:42", "{\"conversationId\":42,\"timestamp\":0}"},
    {"room id is minus zero", MESSAGE, "{\"conversationId\":-0,\"timestamp\":0}",
     "conversation:0", "{\"conversationId\":-0,\"timestamp\":0}"},
    {"blanks everywhere", MESSAGE, " {\n\"conversationId\" : \"c1\" ,\t\"message\" : [ 1 ] , \"timestamp\" : 0 } \n",
     "conversation:c1", "{\"conversationId\":\"c1\",\"message\":[ 1 ],\"timestamp\":0}"},

    {"booking as the services send it", BOOKING,
     "{\"eventType\":\"booking.confirmed\",\"data\":{\"reservationId\":\"r1\",\"userId\":\"u1\",\"hostId\":\"h1\",\"listingId\":\"l1\",\"total\":99.90,\"timestamp\":\"T\"},\"timestamp\":\"W\",\"source\":\"booking-service\"}",
     "user:u1", "{\"bookingId\":\"r1\",\"status\":\"confirmed\",\"type\":\"booking_confirmed\",\"timestamp\":\"T\"}"},
    {"booking with id and status", BOOKING,
     "{\"bookingId\":7,\"reservationId\":8,\"userId\":\"u1\",\"status\":\"paid\",\"type\":\"other\",\"timestamp\":\"T\"}",
     "user:u1", "{\"bookingId\":7,\"status\":\"paid\",\"type\":\"booking_confirmed\",\"timestamp\":\"T\"}"},
    {"booking of a guest", BOOKING, "{\"guestId\":\"g1\",\"timestamp\":\"T\"}",
     "user:g1", "{\"status\":\"confirmed\",\"type\":\"booking_confirmed\",\"timestamp\":\"T\"}"},
    {"user before guest", BOOKING, "{\"guestId\":\"g1\",\"userId\":\"u1\",\"timestamp\":\"T\"}",
     "user:u1", "{\"status\":\"confirmed\",\"type\":\"booking_confirmed\",\"timestamp\":\"T\"}"},
    {"guest where user is empty", BOOKING, "{\"guestId\":\"g1\",\"userId\":\"\",\"status\":null,\"timestamp\":\"T\"}",
     "user:g1", "{\"status\":\"confirmed\",\"type\":\"booking_confirmed\",\"timestamp\":\"T\"}"},

    {"notification, flat, with data of its own", NOTICE,
     "{\"notificationId\":\"n1\",\"userId\":\"u1\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\",\"data\":{\"userId\":\"u2\",\"k\":[1]},\"timestamp\":\"T\"}",
     "user:u1",
     "{\"notificationId\":\"n1\",\"type\":\"info\",\"title\":\"t\",\"message\":\"m\",\"data\":{\"userId\":\"u2\",\"k\":[1]},\"timestamp\":\"T\"}"},
    {"notification, wrapped, with data of its own", NOTICE,
     "{\"eventType\":\"notification.created\",\"data\":{\"userId\":\"u1\",\"data\":{\"k\":1}},\"timestamp\":\"W\"}",
     "user:u1", "{\"data\":{\"k\":1},\"timestamp\":\"W\"}"},
    {"eventName alone wraps nothing", NOTICE, "{\"eventName\":\"x\",\"userId\":\"u1\",\"data\":[1],\"timestamp\":\"T\"}",
     "user:u1", "{\"data\":[1],\"timestamp\":\"T\"}"},
    {"eventName that is no text wraps nothing", NOTICE, "{\"eventName\":1,\"userId\":\"u1\",\"data\":{\"userId\":\"u2\"},\"timestamp\":\"T\"}",
     "user:u1", "{\"data\":{\"userId\":\"u2\"},\"timestamp\":\"T\"}"},

    {"route of a file: suffix and default", "order.paid", "{\"shopId\":5,\"x\":null}",
     "shop:5:orders", "{\"a\":[1,2]}"},
    {"route of a file: second alternative, name in need of quotes", "order.paid", "{\"ownerId\":\"o\",\"y\":false,\"z\":{}}",
     "shop:o:orders", "{\"a\":false,\"caf\xc3\xa9\\\"\":{}}"},
    {"route of a file: nothing but the room", "order.paid", "{\"shopId\":\"s\",\"y\":null}",
     "shop:s:orders", "{\"a\":[1,2]}"},
};
// clang-format on

static void translates(void **state)
{
    const struct good_case *c = *state;
    struct span body = exact_copy(span_of(c->body));
    struct event event = event_of(c->key, body);
    struct envelope envelope;

    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_OK);
    assert_span(envelope.room, c->room);
    assert_int_equal(envelope.more_count, 0);
    assert_span(envelope.args, c->args);
    assert_span(envelope.event, event.route->event);
    assert_true(envelope.created_at_ms == NOW_MS);
    assert_true(position_is_none(envelope.position));
    assert_int_equal(envelope.except.len, 0);
    free((void *)body.ptr);
}

struct rooms_case {
    const char *name;
    const char *body; // of order.updated
    const char *rooms;
};

// clang-format off
static const struct rooms_case rooms_cases[] = {
    {"several rooms", "{\"orderId\":7,\"buyerId\":\"b\",\"watchers\":[\"u1\",2,\"u\\u0033\"],\"a\":1}",
     "order:7 user:b user:u1 user:2 user:u3 "},
    {"wrapped, several rooms", "{\"eventName\":\"x\",\"data\":{\"orderId\":7,\"watchers\":[1]}}",
     "order:7 user:1 "},
    {"each room once", "{\"orderId\":7,\"buyerId\":1,\"watchers\":[2,1,\"2\",3,\"\\u0031\"]}",
     "order:7 user:1 user:2 user:3 "},
    {"no list", "{\"orderId\":7,\"buyerId\":1}",
     "order:7 user:1 "},
    {"an empty list", "{\"orderId\":7,\"watchers\":[ ]}",
     "order:7 "},
    {"the other list where one is empty", "{\"orderId\":7,\"watchers\":[],\"fans\":[5]}",
     "order:7 user:5 "},
    {"nothing in a list", "{\"orderId\":7,\"watchers\":[null,\"\",null]}",
     "order:7 "},
    {"the list alone", "{\"orderId\":null,\"buyerId\":\"\",\"watchers\":[null,9,8]}",
     "user:9 user:8 "},
};
// clang-format on

static void names_several_rooms(void **state)
{
    const struct rooms_case *c = *state;
    struct span body = exact_copy(span_of(c->body));
    struct event event = event_of(UPDATE, body);
    struct envelope envelope;
    struct buffer rooms = {0};

    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_OK);
    buffer_printf(&rooms, SPAN_FMT " ", SPAN_ARG(envelope.room));
    for (size_t i = 0; i < envelope.more_count; i++)
        buffer_printf(&rooms, SPAN_FMT " ", SPAN_ARG(envelope.more_rooms[i]));
    assert_span(buffer_span(&rooms), c->rooms);
    buffer_fini(&rooms);
    free((void *)body.ptr);
}

struct bad_case {
    const char *name;
    const char *body;
    enum translate_status status;
};

// clang-format off
// Of message.sent.
static const struct bad_case bad_cases[] = {
    {"empty body", "", TRANSLATE_NOT_JSON},
    {"not JSON", "conversationId=c1", TRANSLATE_NOT_JSON},
    {"more behind the object", "{\"conversationId\":\"c1\"}}", TRANSLATE_NOT_JSON},
    {"invalid UTF-8", "{\"conversationId\":\"c1\",\"message\":\"\xff\"}", TRANSLATE_NOT_JSON},
    {"array", "[{\"conversationId\":\"c1\"}]", TRANSLATE_NOT_OBJECT},
    {"text", "\"conversationId\"", TRANSLATE_NOT_OBJECT},
    {"null", "null", TRANSLATE_NOT_OBJECT},
    {"no room id", "{\"message\":\"hi\"}", TRANSLATE_NO_ROOM},
    {"empty object", "{}", TRANSLATE_NO_ROOM},
    {"room id is null", "{\"conversationId\":null}", TRANSLATE_NO_ROOM},
    {"room id is empty", "{\"conversationId\":\"\"}", TRANSLATE_NO_ROOM},
    {"room id beside the data", "{\"eventName\":\"x\",\"conversationId\":\"c1\",\"data\":{}}", TRANSLATE_NO_ROOM},
    {"room id is true", "{\"conversationId\":true}", TRANSLATE_BAD_ROOM},
    {"room id is an object", "{\"conversationId\":{}}", TRANSLATE_BAD_ROOM},
    {"room id is a list", "{\"conversationId\":[1]}", TRANSLATE_BAD_ROOM},
    {"room id is a real", "{\"conversationId\":42.0}", TRANSLATE_BAD_ROOM},
    {"room id has an exponent", "{\"conversationId\":42E1}", TRANSLATE_BAD_ROOM},
    {"line feed in the room id", "{\"conversationId\":\"a\\nb\"}", TRANSLATE_BAD_ROOM},
    {"NUL in the room id", "{\"conversationId\":\"a\\u0000\"}", TRANSLATE_BAD_ROOM},
    {"DEL in the room id", "{\"conversationId\":\"\\u007f\"}", TRANSLATE_BAD_ROOM},
    {"half a surrogate pair in the room id", "{\"conversationId\":\"\\ud800\"}", TRANSLATE_BAD_ROOM},
};

// Of order.updated.
static const struct bad_case bad_lists[] = {
    {"none of several rooms", "{\"watchers\":[],\"fans\":[null]}", TRANSLATE_NO_ROOM},
    {"a text for a list", "{\"orderId\":1,\"watchers\":\"u1\"}", TRANSLATE_NO_LIST},
    {"an object for a list", "{\"orderId\":1,\"watchers\":{\"0\":1}}", TRANSLATE_NO_LIST},
    {"an object in a list", "{\"orderId\":1,\"watchers\":[1,{}]}", TRANSLATE_BAD_ROOM},
    {"a list in a list", "{\"orderId\":1,\"watchers\":[[1]]}", TRANSLATE_BAD_ROOM},
    {"a real in a list", "{\"orderId\":1,\"watchers\":[1.5]}", TRANSLATE_BAD_ROOM},
    {"a line feed in a list", "{\"orderId\":1,\"watchers\":[\"a\",\"a\\nb\"]}", TRANSLATE_BAD_ROOM},
};
// clang-format on

static void refuse(const struct bad_case *c, const char *key)
{
    struct span body = exact_copy(span_of(c->body));
    struct event event = event_of(key, body);
    struct envelope envelope;

    assert_int_equal(translate(translator, &event, &envelope), c->status);
    assert_true(strlen(translate_status_str(c->status)) > 0);
    free((void *)body.ptr);
}

static void refuses(void **state)
{
    refuse(*state, MESSAGE);
}

static void refuses_lists(void **state)
{
    refuse(*state, UPDATE);
}

static enum translate_status translate_room_of(size_t len)
{
    struct buffer body = {0};
    struct envelope envelope;

    buffer_append(&body, SPAN_LIT("{\"conversationId\":\""));
    for (size_t i = strlen("conversation:"); i < len; i++)
        buffer_append_char(&body, 'x');
    buffer_append(&body, SPAN_LIT("\"}"));
    struct event event = event_of(MESSAGE, buffer_span(&body));
    enum translate_status status = translate(translator, &event, &envelope);
    buffer_fini(&body);
    return status;
}

static void limits_the_room_name(void **state)
{
    (void)state;
    assert_int_equal(translate_room_of(ROOM_MAX_BYTES), TRANSLATE_OK);
    assert_int_equal(translate_room_of(ROOM_MAX_BYTES + 1), TRANSLATE_BAD_ROOM);
}

static enum translate_status translate_action(const char *key, const char *body,
                                              struct envelope *envelope)
{
    struct event event = event_of(key, span_of(body));

    return translate(translator, &event, envelope);
}

static void acts_on_a_user(void **state)
{
    struct envelope envelope;

    (void)state;
    assert_int_equal(
        translate_action("member.removed", "{\"userId\":7,\"id\":\"c\",\"tell\":[8]}", &envelope),
        TRANSLATE_OK);
    assert_span(envelope.room, "user:7");
    assert_span(envelope.leaves, "conversation:c");
    assert_false(envelope.disconnects);
    assert_span(envelope.event, "removed");
    assert_span(envelope.args, "{\"id\":\"c\"}");
    assert_int_equal(envelope.more_count, 2);
    assert_span(envelope.more_rooms[0], "conversation:c");
    assert_span(envelope.more_rooms[1], "user:8");
    assert_int_equal(translate_action("member.added", "{\"userId\":7,\"id\":\"c\"}", &envelope),
                     TRANSLATE_OK);
    assert_span(envelope.room, "user:7");
    assert_span(envelope.enters, "conversation:c");
    assert_int_equal(envelope.leaves.len + envelope.event.len + envelope.more_count, 0);
    assert_int_equal(translate_action("member.added", "{\"userId\":7,\"id\":\"\"}", &envelope),
                     TRANSLATE_NO_ROOM);
    assert_int_equal(translate_action("user.blocked", "{\"userId\":7}", &envelope), TRANSLATE_OK);
    assert_span(envelope.room, "user:7");
    assert_true(envelope.disconnects);
    assert_int_equal(envelope.leaves.len + envelope.event.len + envelope.args.len, 0);
    assert_int_equal(envelope.more_count, 0);
    assert_int_equal(translate_action("user.blocked", "{\"userId\":null}", &envelope),
                     TRANSLATE_NO_ROOM);
    assert_int_equal(translate_action("user.blocked", "{\"userId\":{}}", &envelope),
                     TRANSLATE_BAD_ROOM);
    assert_int_equal(translate_action("member.removed", "{\"userId\":7}", &envelope),
                     TRANSLATE_NO_ROOM);
    assert_int_equal(translate_action("member.removed", "{\"id\":7}", &envelope),
                     TRANSLATE_NO_ROOM);
}

static void reaches_everybody(void **state)
{
    struct envelope envelope;

    (void)state;
    assert_int_equal(translate_action("notice", "{}", &envelope), TRANSLATE_OK);
    assert_span(envelope.room, "*");
    assert_int_equal(envelope.more_count, 0);
    assert_int_equal(translate_action("notice", "{\"id\":\"a:1\"}", &envelope), TRANSLATE_OK);
    assert_span(envelope.room, "a:1");
    assert_int_equal(envelope.more_count, 1);
    assert_span(envelope.more_rooms[0], "*");
    // A body cannot say so.
    assert_int_equal(translate_action("notice", "{\"id\":\"*\"}", &envelope), TRANSLATE_BAD_ROOM);
    assert_int_equal(translate_action("notice", "{\"id\":\"\\u002a\"}", &envelope),
                     TRANSLATE_BAD_ROOM);
}

static enum translate_status translate_watchers(unsigned count, const char *last)
{
    struct buffer body = {0};
    struct envelope envelope;
    struct translator *wide = translator_new(1000000);

    buffer_append(&body, SPAN_LIT("{\"watchers\":["));
    for (unsigned i = 0; i < count; i++)
        buffer_printf(&body, "%u,", i);
    buffer_printf(&body, "%s]}", last);
    struct event event = event_of(UPDATE, buffer_span(&body));
    enum translate_status status = translate(wide, &event, &envelope);
    if (status == TRANSLATE_OK)
        assert_int_equal(envelope.more_count, ENVELOPE_ROOMS_MAX - 1);
    buffer_fini(&body);
    translator_free(wide);
    return status;
}

static void limits_the_number_of_rooms(void **state)
{
    (void)state;
    assert_int_equal(translate_watchers(ENVELOPE_ROOMS_MAX - 1, "999"), TRANSLATE_OK);
    assert_int_equal(translate_watchers(ENVELOPE_ROOMS_MAX, "\"5\""), TRANSLATE_OK);
    assert_int_equal(translate_watchers(ENVELOPE_ROOMS_MAX, "1000"), TRANSLATE_TOO_MANY_ROOMS);
}

static void limits_the_body(void **state)
{
    static char body[MAX_BYTES + 1];
    struct event event = event_of(MESSAGE, (struct span){body, MAX_BYTES});
    struct envelope envelope;

    (void)state;
    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"conversationId\":1}", 20);
    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_OK);
    event.body.len++;
    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_TOO_BIG);
}

static void takes_the_message_id(void **state)
{
    struct event event = event_of(MESSAGE, SPAN_LIT("{\"conversationId\":1}"));
    struct envelope envelope;

    (void)state;
    event.message_id = SPAN_LIT("0b1e-7");
    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_OK);
    assert_span(envelope.id, "0b1e-7");
}

// Copies the id, which the next translation overwrites.
static void id_of(const char *key, const char *message_id, const char *body, char out[33])
{
    struct event event = event_of(key, span_of(body));
    struct envelope envelope;

    event.message_id = span_of(message_id);
    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_OK);
    assert_int_equal(envelope.id.len, 32);
    snprintf(out, 33, SPAN_FMT, SPAN_ARG(envelope.id));
}

static void makes_an_id_of_key_and_body(void **state)
{
    char first[33], again[33], other_key[33], other_body[33], odd[33];

    (void)state;
    id_of(BOOKING, "", "{\"userId\":1}", first);
    id_of(BOOKING, "", "{\"userId\":1}", again);
    id_of(NOTICE, "", "{\"userId\":1}", other_key);
    id_of(BOOKING, "", "{\"userId\":2}", other_body);
    id_of(BOOKING, "line\nfeed", "{\"userId\":1}", odd); // not fit to be an id
    assert_string_equal(first, again);
    assert_string_equal(first, odd);
    assert_string_not_equal(first, other_key);
    assert_string_not_equal(first, other_body);
}

struct trace_case {
    const char *name;
    const char *header;
    bool passed_on;
};

static const struct trace_case trace_cases[] = {
    {"trace context", TRACEPARENT, true},
    {"no trace context", "", false},
    {"upper case", "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", false},
    {"cut short", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false},
    {"dash at the wrong place", "000-af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
    {"forbidden version", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
};

static void passes_the_trace_on(void **state)
{
    const struct trace_case *c = *state;
    struct event event = event_of(MESSAGE, SPAN_LIT("{\"conversationId\":1}"));
    struct envelope envelope;

    event.traceparent = span_of(c->header);
    assert_int_equal(translate(translator, &event, &envelope), TRANSLATE_OK);
    assert_span(envelope.traceparent, c->passed_on ? c->header : "");
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(limits_the_room_name),
        cmocka_unit_test(limits_the_number_of_rooms),
        cmocka_unit_test(acts_on_a_user),
        cmocka_unit_test(reaches_everybody),
        cmocka_unit_test(limits_the_body),
        cmocka_unit_test(takes_the_message_id),
        cmocka_unit_test(makes_an_id_of_key_and_body),
    };
    struct CMUnitTest tests[ARRAY_LEN(good_cases) + ARRAY_LEN(bad_cases) + ARRAY_LEN(trace_cases) +
                            ARRAY_LEN(rooms_cases) + ARRAY_LEN(bad_lists) + ARRAY_LEN(others)];
    size_t count = 0;

    ADD_ROWS(tests, count, good_cases, translates);
    ADD_ROWS(tests, count, rooms_cases, names_several_rooms);
    ADD_ROWS(tests, count, bad_cases, refuses);
    ADD_ROWS(tests, count, bad_lists, refuses_lists);
    ADD_ROWS(tests, count, trace_cases, passes_the_trace_on);
    memcpy(tests + count, others, sizeof(others));
    return cmocka_run_group_tests_name("translate", tests, set_up_group, tear_down_group);
}
