#include "edge/gateway/clients/token_rooms.h"

#include "tests/unit/unit.h"

#define TEXT_64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_256 TEXT_64 TEXT_64 TEXT_64 TEXT_64

struct row {
    const char *name, *json;
    const char *rooms; // with a blank behind each
    uint32_t left_out;
};

static const struct row rows[] = {
    {"a text", "\"a\"", "team:a ", 0},
    {"an integer", "7", "team:7 ", 0},
    {"an integer in another notation", "7.0", "team:7 ", 0},
    {"a negative integer", "-7", "team:-7 ", 0},
    {"a list", "[\"a\",7,\"b:c\"]", "team:a team:7 team:b:c ", 0},
    {"an empty list", "[]", "", 0},
    {"null", "null", "", 0},
    {"an empty text", "\"\"", "", 1},
    {"a fraction", "7.5", "", 1},
    {"a number that is no id", "1e30", "", 1},
    {"true", "true", "", 1},
    {"an object", "{\"id\":1}", "", 1},
    {"a list of other things", "[null,[1],{},true,1.5,\"\",\"a\"]", "team:a ", 6},
    {"the longest id", "\"" TEXT_256 "\"", "team:" TEXT_256 " ", 0},
    {"a longer id", "\"" TEXT_256 "x\"", "", 1},
    {"a control character", "\"a\\n\"", "", 1},
    {"what cannot be read", "\"\\u0000\"", "", 1},
};

static const struct room_type team = {.name = (char *)"team", .claim = (char *)"teamId"};

static void reads(void **state)
{
    const struct row *row = *state;
    struct span json = exact_copy(span_of(row->json));
    struct token_rooms rooms = {0};

    token_rooms_clear(&rooms);
    token_rooms_add(&rooms, &team, json);
    for (size_t i = 0; i < rooms.names.len; i++)
        if (rooms.names.ptr[i] == '\0')
            rooms.names.ptr[i] = ' ';
    assert_span(buffer_span(&rooms.names), row->rooms);
    assert_int_equal(rooms.left_out, row->left_out);
    buffer_fini(&rooms.names);
    free((void *)json.ptr);
}

static void has_a_limit(void **state)
{
    struct token_rooms rooms = {0};
    struct buffer json = {0};

    (void)state;
    for (int i = 0; i < TOKEN_ROOMS_MAX + 2; i++)
        buffer_printf(&json, "%s%d", i > 0 ? "," : "[", i);
    buffer_append_char(&json, ']');
    token_rooms_add(&rooms, &team, buffer_span(&json));
    assert_int_equal(rooms.count, TOKEN_ROOMS_MAX);
    assert_int_equal(rooms.left_out, 2);
    token_rooms_clear(&rooms);
    assert_int_equal(rooms.names.len, 0);
    buffer_fini(&json);
    buffer_fini(&rooms.names);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, reads);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(has_a_limit);
    return cmocka_run_group_tests_name("token_rooms", tests, NULL, NULL);
}
