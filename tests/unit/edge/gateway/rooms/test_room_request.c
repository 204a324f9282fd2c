#include "edge/gateway/rooms/room_name.h"
#include "edge/gateway/rooms/room_request.h"
#include "tests/unit/file_maker.h"

struct row {
    const char *name;
    const char *args;
    enum room_request result;
    const char *room;
};

#define REQUEST(type, id) "{\"roomType\":" type ",\"roomId\":" id "}"
#define CONVERSATION(id)  REQUEST("\"conversation\"", id)
#define TEXT_64           "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_256          TEXT_64 TEXT_64 TEXT_64 TEXT_64

// clang-format off
static const struct row rows[] = {
    {"a conversation", CONVERSATION("\"c1\""), ROOM_REQUEST_OK, "conversation:c1"},
    {"a notification", REQUEST("\"notification\"", "\"n1\""), ROOM_REQUEST_OK, "notification:n1"},
    {"further arguments", CONVERSATION("\"c1\"") ",1,{}", ROOM_REQUEST_OK, "conversation:c1"},
    {"further members", "{\"x\":[{}],\"roomId\":\"c1\",\"roomType\":\"conversation\"}", ROOM_REQUEST_OK, "conversation:c1"},
    {"a number and its text are one room", CONVERSATION("42"), ROOM_REQUEST_OK, "conversation:42"},
    {"the text of the number", CONVERSATION("\"42\""), ROOM_REQUEST_OK, "conversation:42"},
    {"zero", CONVERSATION("0"), ROOM_REQUEST_OK, "conversation:0"},
    {"a negative number", CONVERSATION("-1"), ROOM_REQUEST_OK, "conversation:-1"},
    {"1e3", CONVERSATION("1e3"), ROOM_REQUEST_OK, "conversation:1000"},
    {"42.0", CONVERSATION("42.0"), ROOM_REQUEST_OK, "conversation:42"},
    {"1.50", CONVERSATION("1.50"), ROOM_REQUEST_OK, "conversation:1.5"},
    {"a large integer keeps its digits", CONVERSATION("9007199254740993"), ROOM_REQUEST_OK, "conversation:9007199254740993"},
    {"colons and stars", CONVERSATION("\"user:*\""), ROOM_REQUEST_OK, "conversation:user:*"},
    {"other letters", CONVERSATION("\"\\u65e5\xc3\xa9\""), ROOM_REQUEST_OK, "conversation:\xe6\x97\xa5\xc3\xa9"},
    {"the longest id", CONVERSATION("\"" TEXT_256 "\""), ROOM_REQUEST_OK, "conversation:" TEXT_256},

    {"no arguments", "", ROOM_REQUEST_INCOMPLETE, NULL},
    {"a text", "\"conversation\"", ROOM_REQUEST_INCOMPLETE, NULL},
    {"a list", "[\"conversation\",1]", ROOM_REQUEST_INCOMPLETE, NULL},
    {"null", "null", ROOM_REQUEST_INCOMPLETE, NULL},
    {"the object comes second", "1," CONVERSATION("1"), ROOM_REQUEST_INCOMPLETE, NULL},
    {"an empty object", "{}", ROOM_REQUEST_INCOMPLETE, NULL},
    {"no type", "{\"roomId\":1}", ROOM_REQUEST_INCOMPLETE, NULL},
    {"no id", "{\"roomType\":\"conversation\"}", ROOM_REQUEST_INCOMPLETE, NULL},
    {"type null", REQUEST("null", "1"), ROOM_REQUEST_INCOMPLETE, NULL},
    {"id null", CONVERSATION("null"), ROOM_REQUEST_INCOMPLETE, NULL},
    {"type empty", REQUEST("\"\"", "1"), ROOM_REQUEST_INCOMPLETE, NULL},
    {"id empty", CONVERSATION("\"\""), ROOM_REQUEST_INCOMPLETE, NULL},
    {"no id of a wrong type", REQUEST("\"user\"", "null"), ROOM_REQUEST_INCOMPLETE, NULL},

    {"user", REQUEST("\"user\"", "\"u1\""), ROOM_REQUEST_BAD_TYPE, NULL},
    {"other capitals", REQUEST("\"Conversation\"", "1"), ROOM_REQUEST_BAD_TYPE, NULL},
    {"a type with more behind", REQUEST("\"conversation:1\"", "1"), ROOM_REQUEST_BAD_TYPE, NULL},
    {"a type with a NUL", REQUEST("\"conversation\\u0000\"", "1"), ROOM_REQUEST_BAD_ID, NULL},
    {"a type that is a number", REQUEST("1", "1"), ROOM_REQUEST_BAD_TYPE, NULL},
    {"a type that is false", REQUEST("false", "1"), ROOM_REQUEST_BAD_TYPE, NULL},
    {"a wrong type of a wrong id", REQUEST("\"x\"", "[]"), ROOM_REQUEST_BAD_TYPE, NULL},

    {"id true", CONVERSATION("true"), ROOM_REQUEST_BAD_ID, NULL},
    {"id false", CONVERSATION("false"), ROOM_REQUEST_BAD_ID, NULL},
    {"id an object", CONVERSATION("{}"), ROOM_REQUEST_BAD_ID, NULL},
    {"id a list", CONVERSATION("[1]"), ROOM_REQUEST_BAD_ID, NULL},
    {"id too long", CONVERSATION("\"" TEXT_256 "x\""), ROOM_REQUEST_BAD_ID, NULL},
    {"id with a line feed", CONVERSATION("\"a\\nb\""), ROOM_REQUEST_BAD_ID, NULL},
    {"id with a NUL", CONVERSATION("\"a\\u0000b\""), ROOM_REQUEST_BAD_ID, NULL},
    {"id with a delete character", CONVERSATION("\"a\x7f\""), ROOM_REQUEST_BAD_ID, NULL},
    {"id with half a surrogate pair", CONVERSATION("\"\\ud800\""), ROOM_REQUEST_BAD_ID, NULL},
    {"id beyond 64 bits", CONVERSATION("99999999999999999999"), ROOM_REQUEST_BAD_ID, NULL},
    {"id beyond any double", CONVERSATION("1e400"), ROOM_REQUEST_BAD_ID, NULL},
};
// clang-format on

static struct gateway_file *file;

static void reads(void **state)
{
    const struct row *row = *state;
    struct span args = exact_copy(span_of(row->args));
    struct buffer room = {0};

    buffer_append(&room, SPAN_LIT("what was there before"));
    enum room_request result = room_request_read(args, file->rooms, &room);
    assert_string_equal(room_request_str(result), room_request_str(row->result));
    if (result == ROOM_REQUEST_OK)
        assert_span(buffer_span(&room), row->room);
    buffer_fini(&room);
    free((char *)args.ptr);
}

static void names_of_users(void **state)
{
    struct buffer name = {0};

    (void)state;
    assert_span(room_name_of_user(SPAN_LIT("u1"), &name), "user:u1");
    assert_span(room_name_of_user(SPAN_LIT("u2"), &name), "user:u2");
    assert_true(room_name_is_user(buffer_span(&name)));
    assert_false(room_name_is_user(SPAN_LIT("conversation:user:1")));
    buffer_fini(&name);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, reads);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(names_of_users);
    file = hometrip_file(ROOM_JOIN_OPEN);
    int failed = cmocka_run_group_tests_name("room_request", tests, NULL, NULL);
    gateway_file_free(file);
    return failed;
}
