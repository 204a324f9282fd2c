#include "common/path_template.h"

#include "tests/unit/unit.h"

struct template_row {
    const char *name;
    const char *text;
    bool good;
};

// clang-format off
static const struct template_row templates[] = {
    {"a path", "/api/conversations/{id}", true},
    {"only the id", "/{id}", true},
    {"something behind the id", "/conversations/{id}/members/me", true},
    {"the id in a query", "/may-join?conversation={id}&kind=1", true},
    {"a query beside the id", "/conversations/{id}?fields=none", true},
    {"escapes of its own", "/a%20b/{id}", true},
    {"nothing", "", false},
    {"no place for the id", "/api/conversations", false},
    {"two places", "/{id}/{id}", false},
    {"another place", "/{conversationId}", false},
    {"a place too many", "/{id}/{user}", false},
    {"a brace too many", "/{id}}", false},
    {"a place that is not closed", "/api/{id", false},
    {"no slash at the beginning", "api/{id}", false},
    {"an address", "http://message-service/{id}", false},
    {"a fragment", "/{id}#top", false},
    {"a space", "/api /{id}", false},
    {"a line feed", "/{id}\n", false},
    {"a tab", "/\t{id}", false},
    {"a letter that is not ASCII", "/r\xc3\xa4ume/{id}", false},
    {"DEL", "/{id}\x7f", false},
};

static const struct path_row {
    const char *name;
    const char *template, *id, *path;
} paths[] = {
    {"digits", "/api/conversations/{id}", "42", "/api/conversations/42"},
    {"all that is unreserved", "/{id}", "azAZ09-._~", "/azAZ09-._~"},
    {"a UUID", "/{id}", "0b5ff5b6-64f7-4d2c-9a35-6b0fb9f1f0a1", "/0b5ff5b6-64f7-4d2c-9a35-6b0fb9f1f0a1"},
    {"a slash", "/{id}", "a/b", "/a%2Fb"},
    {"steps up", "/a/{id}", "../../health", "/a/..%2F..%2Fhealth"},
    {"a question mark", "/{id}", "a?b=c&d", "/a%3Fb%3Dc%26d"},
    {"a fragment", "/{id}", "a#b", "/a%23b"},
    {"a percent sign", "/{id}", "a%2Fb", "/a%252Fb"},
    {"a space and a plus", "/{id}", "a b+c", "/a%20b%2Bc"},
    {"the separators of an address", "/{id}", ":@!$'()*,;[]", "/%3A%40%21%24%27%28%29%2A%2C%3B%5B%5D"},
    {"quotes and brackets", "/{id}", "\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D"},
    {"a place for an id as the id", "/{id}", "{id}", "/%7Bid%7D"},
    {"UTF-8", "/{id}", "\xc3\xa9\xf0\x9f\x98\x80", "/%C3%A9%F0%9F%98%80"},
    {"bytes that are no UTF-8", "/{id}", "\xff\x80", "/%FF%80"},
    {"in the middle", "/c/{id}/members", "a/b", "/c/a%2Fb/members"},
    {"in a query", "/c?id={id}&x=1", "a&b=c", "/c?id=a%26b%3Dc&x=1"},
};

static const struct id_row {
    const char *name;
    const char *id;
    bool taken;
} ids[] = {
    {"a text", "42", true},
    {"one dot", ".", false},
    {"two dots", "..", false},
    {"three dots", "...", true},
    {"a dot in front", ".a", true},
    {"two dots behind", "a..", true},
    {"two dots and a slash", "../", false},
    {"a slash", "a/b", false},
    {"a slash alone", "/", false},
    {"a backslash", "a\\b", false},
    {"steps up", "..\\..\\health", false},
    {"an encoded slash", "a%2Fb", true}, // the percent sign is encoded
};
// clang-format on

static void judges_templates(void **state)
{
    const struct template_row *row = *state;
    struct span text = exact_copy(span_of(row->text));

    assert_int_equal(path_template_is_valid(text), row->good);
    free((char *)text.ptr);
}

static void writes_paths(void **state)
{
    const struct path_row *row = *state;
    struct span template = exact_copy(span_of(row->template)), id = exact_copy(span_of(row->id));
    struct buffer out = {0};

    assert_true(path_template_is_valid(template));
    buffer_append(&out, SPAN_LIT("the one before"));
    assert_span(path_template_write(template, id, &out), row->path);
    buffer_fini(&out);
    free((char *)template.ptr);
    free((char *)id.ptr);
}

static void takes_ids(void **state)
{
    const struct id_row *row = *state;

    assert_int_equal(path_template_can_hold(span_of(row->id)), row->taken);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(templates) + ARRAY_LEN(paths) + ARRAY_LEN(ids)];
    size_t count = 0;

    ADD_ROWS(tests, count, templates, judges_templates);
    ADD_ROWS(tests, count, paths, writes_paths);
    ADD_ROWS(tests, count, ids, takes_ids);
    return cmocka_run_group_tests_name("room_path", tests, NULL, NULL);
}
