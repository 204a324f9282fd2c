#include "relay/api/api_paths.h"

#include "tests/unit/unit.h"

struct path_row {
    const char *name;
    struct span path;
    enum api_endpoint endpoint;
    const char *part; // that the client chooses
};

static const struct path_row paths[] = {
    {"an event", SPAN_INIT("/v1/events/message.sent"), API_PUBLISH, "message.sent"},
    {"an escape stays", SPAN_INIT("/v1/events/a%2Fb"), API_PUBLISH, "a%2Fb"},
    {"a user to disconnect", SPAN_INIT("/v1/users/u%201/disconnect"), API_DISCONNECT, "u%201"},
    {"tokens to revoke", SPAN_INIT("/v1/users/u/revoke"), API_REVOKE, "u"},
    {"a room to leave", SPAN_INIT("/v1/users/u/leave"), API_LEAVE, "u"},
    {"a user of this name", SPAN_INIT("/v1/users/disconnect/disconnect"), API_DISCONNECT,
     "disconnect"},
    {"edges", SPAN_INIT("/v1/edges"), API_EDGES, NULL},
    {"presence of a user", SPAN_INIT("/v1/presence/users/u%201"), API_USER_PRESENCE, "u%201"},
    {"presence of users", SPAN_INIT("/v1/presence/users"), API_USERS_PRESENCE, NULL},
    {"presence of a room", SPAN_INIT("/v1/presence/rooms/a:1"), API_ROOM_PRESENCE, "a:1"},
    {"presence of rooms", SPAN_INIT("/v1/presence/rooms"), API_ROOMS_PRESENCE, NULL},
    {"presence of a user without a name", SPAN_INIT("/v1/presence/users/"), API_OTHER, NULL},
    {"presence of what is below a room", SPAN_INIT("/v1/presence/rooms/a/b"), API_OTHER, NULL},
    {"something behind edges", SPAN_INIT("/v1/edges/x"), API_OTHER, NULL},
    {"a user without a name", SPAN_INIT("/v1/users//disconnect"), API_OTHER, NULL},
    {"a user alone", SPAN_INIT("/v1/users/u"), API_OTHER, NULL},
    {"something behind a user", SPAN_INIT("/v1/users/u/disconnect/"), API_OTHER, NULL},
    {"no name", SPAN_INIT("/v1/events/"), API_OTHER, NULL},
    {"an event that names its rooms", SPAN_INIT("/v1/events"), API_PUBLISH, NULL},
    {"a slash in the name", SPAN_INIT("/v1/events/a/b"), API_OTHER, NULL},
    {"another version", SPAN_INIT("/v2/events/a"), API_OTHER, NULL},
    {"something in front", SPAN_INIT("/x/v1/events/a"), API_OTHER, NULL},
    {"another case", SPAN_INIT("/v1/Events/a"), API_OTHER, NULL},
    {"nothing", SPAN_INIT(""), API_OTHER, NULL},
    {"an absolute target", SPAN_INIT("http://h/v1/events/a"), API_OTHER, NULL},
};

static void finds_the_endpoint(void **state)
{
    const struct path_row *row = *state;
    struct span copy = exact_copy(row->path);
    struct api_path found = api_path_find(copy);

    assert_int_equal(found.endpoint, row->endpoint);
    if (row->part)
        assert_span(found.name, row->part);
    free((void *)copy.ptr);
}

struct name_row {
    const char *name;
    struct span text;
    const char *decoded; // NULL: refused
};

static const struct name_row names[] = {
    {"plain", SPAN_INIT("message.sent"), "message.sent"},
    {"escaped", SPAN_INIT("user%2F1%20x"), "user/1 x"},
    {"plus", SPAN_INIT("a+b"), "a+b"},
    {"not ASCII", SPAN_INIT("%C3%A9"), "\xc3\xa9"},
    {"empty", SPAN_INIT(""), NULL},
    {"broken", SPAN_INIT("a%2"), NULL},
    {"a NUL", SPAN_INIT("a%00"), NULL},
    {"a line end", SPAN_INIT("a%0Ab"), NULL},
    {"a DEL", SPAN_INIT("a%7F"), NULL},
};

static void decodes_the_name(void **state)
{
    const struct name_row *row = *state;
    char out[API_NAME_MAX + 1];

    assert_int_equal(api_path_decode(row->text, out), row->decoded != NULL);
    if (row->decoded)
        assert_string_equal(out, row->decoded);
}

static void decodes_255_bytes(void **state)
{
    char out[API_NAME_MAX + 1];
    struct buffer name = {0};

    (void)state;
    for (int i = 0; i < API_NAME_MAX; i++)
        buffer_append(&name, SPAN_LIT("%61"));
    assert_true(api_path_decode(buffer_span(&name), out));
    assert_int_equal(strlen(out), API_NAME_MAX);
    assert_true(api_path_decode(span_of(out), out));
    buffer_append_char(&name, 'a');
    assert_false(api_path_decode(buffer_span(&name), out));
    buffer_fini(&name);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(paths) + ARRAY_LEN(names) + 1] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, paths, finds_the_endpoint);
    ADD_ROWS(tests, count, names, decodes_the_name);
    tests[count] = (struct CMUnitTest)cmocka_unit_test(decodes_255_bytes);
    return cmocka_run_group_tests_name("api_paths", tests, NULL, NULL);
}
