#include "relay/api/api_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define KEY   "0123456789abcdef"
#define OTHER "fedcba9876543210"

static char path[] = "/tmp/test-api-keys-XXXXXX";

static struct api_keys *load(struct span content, struct buffer *errors)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content.ptr, 1, content.len, file), content.len);
    fclose(file);
    return api_keys_load(path, errors);
}

struct good_row {
    const char *name;
    struct span content;
    size_t count;
    const char *key_name; // of KEY
};

static const struct good_row goods[] = {
    {"alone", SPAN_INIT(KEY "\n"), 1, "line1"},
    {"no line end", SPAN_INIT(KEY), 1, "line1"},
    {"carriage return", SPAN_INIT(KEY "\r\n"), 1, "line1"},
    {"named", SPAN_INIT("billing " KEY "\n"), 1, "billing"},
    {"several blanks", SPAN_INIT("  billing   " KEY "  \n"), 1, "billing"},
    {"comments and blank lines", SPAN_INIT("# a\n\n  \n#b\n" KEY "\n"), 1, "line5"},
    {"two keys", SPAN_INIT("one " OTHER "\ntwo " KEY "\n"), 2, "two"},
    {"two keys of one name", SPAN_INIT("one " OTHER "\none " KEY "\n"), 2, "one"},
};

static void finds_the_key(void **state)
{
    const struct good_row *row = *state;
    struct buffer errors = {0};
    struct api_keys *keys = load(row->content, &errors);

    assert_non_null(keys);
    assert_int_equal(api_keys_count(keys), row->count);
    assert_string_equal(api_key_name(api_keys_find(keys, SPAN_LIT(KEY))), row->key_name);
    assert_null(api_keys_find(keys, SPAN_LIT("0123456789abcde")));
    assert_null(api_keys_find(keys, SPAN_LIT(KEY "0")));
    assert_null(api_keys_find(keys, SPAN_LIT("")));
    api_keys_free(keys);
    buffer_fini(&errors);
}

struct bad_row {
    const char *name;
    struct span content;
    const char *fault;
};

static const struct bad_row bads[] = {
    {"empty", SPAN_INIT(""), "API_KEY_FILE has no key"},
    {"only a comment", SPAN_INIT("# " KEY "\n"), "API_KEY_FILE has no key"},
    {"too short", SPAN_INIT(KEY "\n0123456789abcde\n"), "line 2: a key has 16 to 512"},
    {"three words", SPAN_INIT("a b " KEY "\n"), "line 1: a line is a key"},
    {"a tab between", SPAN_INIT("a\t" KEY "\n"), "line 1: a line is a key"},
    {"a control character", SPAN_INIT(KEY "\x01\n"), "line 1: a line is a key"},
    {"not ASCII", SPAN_INIT(KEY "\xc3\xa9\n"), "line 1: a line is a key"},
    {"a long name", SPAN_INIT("abcdefghijklmnopqrstuvwxyz0123456 " KEY "\n"),
     "line 1: a name has at most 32"},
    {"twice", SPAN_INIT("a " KEY "\nb " KEY "\n"), "line 2: the key is there twice"},
};

static void refuses_the_file(void **state)
{
    const struct bad_row *row = *state;
    struct buffer errors = {0};

    assert_null(load(row->content, &errors));
    assert_non_null(strstr(errors.ptr, row->fault));
    assert_null(strstr(errors.ptr, KEY));
    buffer_fini(&errors);
}

static void refuses_what_is_not_there(void **state)
{
    struct buffer errors = {0};

    (void)state;
    assert_null(api_keys_load("/nonexistent/keys", &errors));
    assert_non_null(strstr(errors.ptr, "API_KEY_FILE"));
    buffer_fini(&errors);
}

static void takes_64_keys(void **state)
{
    struct buffer content = {0}, errors = {0};

    (void)state;
    for (int i = 0; i < API_KEYS_MAX; i++)
        buffer_printf(&content, KEY "%d\n", i);
    struct api_keys *keys = load(buffer_span(&content), &errors);
    assert_non_null(keys);
    assert_string_equal(api_key_name(api_keys_find(keys, SPAN_LIT(KEY "63"))), "line64");
    api_keys_free(keys);
    buffer_append(&content, SPAN_LIT(KEY "64\n"));
    assert_null(load(buffer_span(&content), &errors));
    buffer_fini(&content);
    buffer_fini(&errors);
}

static void keeps_the_rate_of_a_key_that_stays(void **state)
{
    const struct token_rate rate = {.per_second = 1, .burst = 2};
    struct buffer errors = {0};
    struct api_keys *before = load(SPAN_LIT("a " KEY "\n"), &errors);
    struct api_key *key = api_keys_find(before, SPAN_LIT(KEY));

    (void)state;
    assert_true(api_key_take(key, &rate, 1000));
    assert_true(api_key_take(key, &rate, 1000));
    assert_false(api_key_take(key, &rate, 1000));
    struct api_keys *after = load(SPAN_LIT("b " OTHER "\na " KEY "\n"), &errors);
    api_keys_inherit(after, before);
    api_keys_free(before);
    assert_false(api_key_take(api_keys_find(after, SPAN_LIT(KEY)), &rate, 1000));
    assert_true(api_key_take(api_keys_find(after, SPAN_LIT(OTHER)), &rate, 1000));
    assert_true(api_key_take(api_keys_find(after, SPAN_LIT(KEY)), &rate, 2000));
    api_keys_free(after);
    buffer_fini(&errors);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(refuses_what_is_not_there),
        cmocka_unit_test(takes_64_keys),
        cmocka_unit_test(keeps_the_rate_of_a_key_that_stays),
    };
    struct CMUnitTest tests[ARRAY_LEN(goods) + ARRAY_LEN(bads)];
    size_t count = 0;

    close(mkstemp(path));
    ADD_ROWS(tests, count, goods, finds_the_key);
    ADD_ROWS(tests, count, bads, refuses_the_file);
    int failed = cmocka_run_group_tests_name("api_keys", tests, NULL, NULL) +
                 cmocka_run_group_tests_name("api_keys, further", others, NULL, NULL);
    unlink(path);
    return failed;
}
