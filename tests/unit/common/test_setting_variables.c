#include "common/setting_variables.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define PATH "test_variables.env"

static void write_dotenv(const char *text)
{
    FILE *file = fopen(PATH, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

struct row {
    const char *name;
    const char *given;        // in the environment; NULL: it is not
    const char *first, *then; // the file at the start, and when it is read again; NULL: none
    bool read;
    const char *value;
};

// clang-format off
static const struct row rows[] = {
    {"another value", NULL, "T_V=1\n", "T_V=2\n", true, "2"},
    {"a new one", NULL, NULL, "T_V=2\n", true, "2"},
    {"one that is gone", NULL, "T_V=1\n", "", true, NULL},
    {"a file that is gone", NULL, "T_V=1\n", NULL, true, NULL},
    {"the last of two", NULL, "T_V=1\n", "T_V=2\nT_V=3\n", true, "3"},
    {"the environment counts more", "0", "T_V=1\n", "T_V=2\n", true, "0"},
    {"an empty one in the environment too", "", "T_V=1\n", "T_V=2\n", true, ""},
    {"the environment, and a file that is gone", "0", "T_V=1\n", NULL, true, "0"},
    {"a wrong line refuses all", NULL, "T_V=1\n", "T_V=2\nno assignment\n", false, "1"},
    {"a wrong line before the value", NULL, "T_V=1\n", "=\nT_V=2\n", false, "1"},
};
// clang-format on

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void reads_again(void **state)
{
    const struct row *row = *state;
    struct buffer errors = {0};

    unsetenv("T_V");
    if (row->given)
        setenv("T_V", row->given, 1);
    unlink(PATH);
    if (row->first)
        write_dotenv(row->first);
    assert_true(settings_read_dotenv(PATH, &errors));
    unlink(PATH);
    if (row->then)
        write_dotenv(row->then);
    assert_int_equal(settings_read_dotenv_again(PATH, &errors), row->read);
    assert_int_equal(errors.len == 0, row->read);
    if (!row->read) {
        assert_non_null(strstr(errors.ptr, PATH));
        write_dotenv("");
    }
    assert_true(is_same(setting_variable("T_V"), row->value));
    unlink(PATH);
    buffer_fini(&errors);
}

// A file that is refused changes nothing of what was read again before.
static void the_last_right_file_stays(void **state)
{
    struct buffer errors = {0};

    (void)state;
    unsetenv("T_V");
    write_dotenv("T_V=1\n");
    assert_true(settings_read_dotenv(PATH, &errors));
    write_dotenv("T_V=2\n");
    assert_true(settings_read_dotenv_again(PATH, &errors));
    write_dotenv("T_V=3\nno assignment\n");
    assert_false(settings_read_dotenv_again(PATH, &errors));
    assert_string_equal(setting_variable("T_V"), "2");
    assert_string_equal(getenv("T_V"), "1"); // which other threads may read
    unlink(PATH);
    buffer_fini(&errors);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_last_right_file_stays);
    ADD_ROWS(tests, count, rows, reads_again);
    return cmocka_run_group_tests_name("setting_variables", tests, NULL, NULL);
}
