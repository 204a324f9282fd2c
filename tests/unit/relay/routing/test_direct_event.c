// Events that name their rooms themselves, as the translator takes them.
#include "relay/routing/direct_event.h"

#include "common/gateway_file/gateway_file.h"
#include "relay/routing/translate.h"
#include "tests/unit/unit.h"

static const char gateway_file[] =
    "{\"rooms\":{\"order\":{}},\"publish\":true,"
    "\"clientEvents\":{\"draw\":{\"room\":true,\"as\":\"user_drawing\"}}}";

struct event_row {
    const char *name;
    const char *body;
    enum translate_status status;
    const char *rooms, *event, *args; // if it is good
};

#define TO(rooms) "{\"rooms\":" rooms ",\"event\":\"e\"}"
#define BY(name)  "{\"rooms\":[\"order:1\"],\"event\":" name "}"

// clang-format off
static const struct event_row rows[] = {
    {"a room", "{\"rooms\":[\"order:1\"],\"event\":\"e\",\"data\":{\"a\": 1.0}}", TRANSLATE_OK, "order:1", "e", "{\"a\": 1.0}"},
    {"several rooms", TO("[\"order:1\",\"user:7\",\"*\",\"order:1\"]"), TRANSLATE_OK, "order:1 user:7 *", "e", "{}"},
    {"any order", "{\"data\":[1],\"event\":\"e\",\"x\":2,\"rooms\":[\"user:a:b\"]}", TRANSLATE_OK, "user:a:b", "e", "[1]"},
    {"data that is null", "{\"rooms\":[\"*\"],\"event\":\"e\",\"data\":null}", TRANSLATE_OK, "*", "e", "null"},
    {"escapes", "{\"ro\\u006fms\":[\"\\u006frder:\\u00e9\"],\"event\":\"\\u00e9\"}", TRANSLATE_OK, "order:\xc3\xa9", "\xc3\xa9", "{}"},
    {"the last member counts", "{\"rooms\":[\"*\"],\"rooms\":[\"order:2\"],\"event\":\"a\",\"event\":\"b\"}", TRANSLATE_OK, "order:2", "b", "{}"},
    {"no rooms", "{\"event\":\"e\"}", TRANSLATE_NO_ROOM, NULL, NULL, NULL},
    {"an empty list", TO("[]"), TRANSLATE_NO_ROOM, NULL, NULL, NULL},
    {"a text", TO("\"order:1\""), TRANSLATE_NO_LIST, NULL, NULL, NULL},
    {"rooms that are null", TO("null"), TRANSLATE_NO_LIST, NULL, NULL, NULL},
    {"a number in the list", TO("[\"order:1\",7]"), TRANSLATE_BAD_ROOM, NULL, NULL, NULL},
    {"a list in the list", TO("[[\"order:1\"]]"), TRANSLATE_BAD_ROOM, NULL, NULL, NULL},
    {"half a pair", TO("[\"order:\\ud800\"]"), TRANSLATE_BAD_ROOM, NULL, NULL, NULL},
    {"a control character", TO("[\"order:\\u0001\"]"), TRANSLATE_BAD_ROOM, NULL, NULL, NULL},
    {"an empty name", TO("[\"\"]"), TRANSLATE_NO_TYPE, NULL, NULL, NULL},
    {"no type", TO("[\"order\"]"), TRANSLATE_NO_TYPE, NULL, NULL, NULL},
    {"no id", TO("[\"order:\"]"), TRANSLATE_NO_TYPE, NULL, NULL, NULL},
    {"another type", TO("[\"order:1\",\"conversation:1\"]"), TRANSLATE_NO_TYPE, NULL, NULL, NULL},
    {"more than everybody", TO("[\"**\"]"), TRANSLATE_NO_TYPE, NULL, NULL, NULL},
    {"no event", "{\"rooms\":[\"*\"]}", TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an event that is a number", BY("7"), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an empty event", BY("\"\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an event of Socket.IO", BY("\"connect\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an event of Socket.IO with escapes", BY("\"c\\u006fnnect\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an event of the gateway", BY("\"user_joined\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an event of the gateway with escapes", BY("\"c\\u006fnnected\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"an event of clients", BY("\"user_drawing\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"a control character in the event", BY("\"a\\u0000\""), TRANSLATE_BAD_EVENT, NULL, NULL, NULL},
    {"no object", "[]", TRANSLATE_NOT_OBJECT, NULL, NULL, NULL},
    {"no JSON", "{", TRANSLATE_NOT_JSON, NULL, NULL, NULL},
};
// clang-format on

static struct gateway_file *file;
static struct translator *translator;

static int set_up(void **state)
{
    struct buffer errors = {0};
    struct file_reader r = {SPAN_LIT(gateway_file), "file", &errors};

    (void)state;
    file = gateway_file_parse(&r, "q.");
    assert_non_null(file);
    gateway_file_add_direct(file);
    translator = translator_new((size_t)64 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gateway_file_free(file);
    translator_free(translator);
    return 0;
}

static enum translate_status translate_body(struct span body, struct envelope *envelope)
{
    const struct event event = {.route = routes_find(file->routes, SPAN_LIT(ROUTE_DIRECT_KEY)),
                                .message_id = SPAN_LIT("id"),
                                .body = body,
                                .received_ms = 5};

    return translate(translator, &event, envelope);
}

static void takes_or_refuses(void **state)
{
    const struct event_row *row = *state;
    struct span body = exact_copy(span_of(row->body));
    struct envelope envelope;
    struct buffer rooms = {0};

    assert_int_equal(translate_body(body, &envelope), row->status);
    if (row->status == TRANSLATE_OK) {
        buffer_append(&rooms, envelope.room);
        for (size_t i = 0; i < envelope.more_count; i++)
            buffer_printf(&rooms, " " SPAN_FMT, SPAN_ARG(envelope.more_rooms[i]));
        assert_string_equal(rooms.ptr, row->rooms);
        assert_span(envelope.event, row->event);
        assert_span(envelope.args, row->args);
        assert_span(envelope.id, "id");
        assert_int_equal(envelope.created_at_ms, 5);
    }
    buffer_fini(&rooms);
    free((void *)body.ptr);
}

static void takes_a_thousand_rooms(void **state)
{
    struct buffer body = {0};
    struct envelope envelope;

    (void)state;
    for (unsigned count = 1000; count <= 1001; count++) {
        buffer_clear(&body);
        buffer_append(&body, SPAN_LIT("{\"event\":\"e\",\"rooms\":[\"*\""));
        for (unsigned i = 1; i < count; i++)
            buffer_printf(&body, ",\"order:%u\"", i);
        buffer_append(&body, SPAN_LIT("]}"));
        assert_int_equal(translate_body(buffer_span(&body), &envelope),
                         count == 1000 ? TRANSLATE_OK : TRANSLATE_TOO_MANY_ROOMS);
    }
    buffer_fini(&body);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, takes_or_refuses);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(takes_a_thousand_rooms);
    return cmocka_run_group_tests_name("direct_event", tests, set_up, tear_down);
}
