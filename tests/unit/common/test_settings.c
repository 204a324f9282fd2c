#include "common/settings.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/capture.h"

struct settings {
    const char *host, *secret;
    int64_t port, offset, lifetime;
    bool metrics;
    int level, mode;
};

static const char *const levels[] = {"error", "warn", "info", NULL};

#define FIELD(f) offsetof(struct settings, f)

static const struct setting table[] = {
    {"T_HOST", SETTING_TEXT, FIELD(host), "redis", .help = "Where Redis is"},
    {"T_SECRET", SETTING_SECRET, FIELD(secret), "hidden", .help = "Signs tokens"},
    {"T_PORT", SETTING_NUMBER, FIELD(port), "3002", 0, 65535, .help = "Port of clients"},
    {"T_OFFSET", SETTING_NUMBER, FIELD(offset), NULL, -5, INT64_MAX, .help = "Any number"},
    {"T_LIFETIME", SETTING_DURATION, FIELD(lifetime), "7d", 1, 31536000, .help = "Of tokens"},
    {"T_METRICS", SETTING_SWITCH, FIELD(metrics), "true", .help = "Whether to count"},
    {"T_LEVEL", SETTING_CHOICE, FIELD(level), "info", .choices = levels, .help = "Least level"},
    {"T_MODE", SETTING_CHOICE, FIELD(mode), NULL, .choices = levels, .help = "No default"},
};

static int forget_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        settings_forget(&table[i]);
    return 0;
}

static bool load(struct settings *s, struct buffer *errors)
{
    return settings_load(table, ARRAY_LEN(table), s, errors);
}

static void free_texts(struct settings *s)
{
    free((void *)s->host);
    free((void *)s->secret);
}

struct value_case {
    const char *name;
    const char *variable, *value;
    size_t offset; // of a number or duration
    int64_t expected;
};

// clang-format off
static const struct value_case value_cases[] = {
    {"number",                 "T_PORT",     "8080",  FIELD(port),     8080},
    {"least number",           "T_PORT",     "0",     FIELD(port),     0},
    {"greatest number",        "T_PORT",     "65535", FIELD(port),     65535},
    {"leading zeros",          "T_PORT",     "0080",  FIELD(port),     80},
    {"negative number",        "T_OFFSET",   "-5",    FIELD(offset),   -5},
    {"greatest of 64 bits",    "T_OFFSET",   "9223372036854775807", FIELD(offset), INT64_MAX},
    {"empty number is unset",  "T_PORT",     "",      FIELD(port),     3002},
    {"days",                   "T_LIFETIME", "2d",    FIELD(lifetime), 172800},
    {"hours",                  "T_LIFETIME", "12h",   FIELD(lifetime), 43200},
    {"minutes",                "T_LIFETIME", "30m",   FIELD(lifetime), 1800},
    {"seconds",                "T_LIFETIME", "45s",   FIELD(lifetime), 45},
    {"bare seconds",           "T_LIFETIME", "3600",  FIELD(lifetime), 3600},
};

struct switch_case {
    const char *name;
    const char *value;
    bool on;
};

static const struct switch_case switch_cases[] = {
    {"switch true", "true", true}, {"switch false", "false", false},
    {"switch 1",    "1",    true}, {"switch 0",     "0",     false},
    {"switch yes",  "yes",  true}, {"switch no",    "no",    false},
    {"switch on",   "on",   true}, {"switch off",   "off",   false},
    {"switch in capitals", "FALSE", false},
};

struct fault_case {
    const char *name;
    const char *variable, *value;
    const char *line;
};

#define PORT_FAULT     "T_PORT must be a number from 0 to 65535, not "
#define LIFETIME_FAULT "T_LIFETIME must be a duration (7d, 12h, 30m, 45s) from 1s to 365d, not "

static const struct fault_case fault_cases[] = {
    {"word for a number",       "T_PORT",     "x",         PORT_FAULT "\"x\"\n"},
    {"number too great",        "T_PORT",     "65536",     PORT_FAULT "\"65536\"\n"},
    {"number too small",        "T_PORT",     "-1",        PORT_FAULT "\"-1\"\n"},
    {"number of 30 digits",     "T_PORT",     "999999999999999999999999999999",
     PORT_FAULT "\"999999999999999999999999999999\"\n"},
    {"sign alone",              "T_PORT",     "-",         PORT_FAULT "\"-\"\n"},
    {"digits and more",         "T_PORT",     "80 ",       PORT_FAULT "\"80 \"\n"},
    {"fraction",                "T_PORT",     "1.5",       PORT_FAULT "\"1.5\"\n"},
    {"control characters",      "T_PORT",     "1\nINFO x", PORT_FAULT "\"1\\nINFO x\"\n"},
    {"unit alone",              "T_LIFETIME", "d",         LIFETIME_FAULT "\"d\"\n"},
    {"unknown unit",            "T_LIFETIME", "7w",        LIFETIME_FAULT "\"7w\"\n"},
    {"duration too long",       "T_LIFETIME", "366d",      LIFETIME_FAULT "\"366d\"\n"},
    {"duration over 64 bits",   "T_LIFETIME", "9223372036854775807d",
     LIFETIME_FAULT "\"9223372036854775807d\"\n"},
    {"duration of nothing",     "T_LIFETIME", "0",         LIFETIME_FAULT "\"0\"\n"},
    {"word for a switch",       "T_METRICS",  "maybe",
     "T_METRICS must be true or false, not \"maybe\"\n"},
    {"unknown choice",          "T_LEVEL",    "verbose",
     "T_LEVEL must be one of error, warn, info, not \"verbose\"\n"},
    {"long values are cut",     "T_METRICS",
     "0123456789012345678901234567890123456789012345678901234567890123456789",
     "T_METRICS must be true or false, not "
     "\"0123456789012345678901234567890123456789012345678901234567890123\"\n"},
};
// clang-format on

static void reads_number(void **state)
{
    const struct value_case *c = *state;
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(NULL);
    setenv(c->variable, c->value, 1);
    assert_true(load(&s, &errors));
    assert_true(*(int64_t *)(void *)((char *)&s + c->offset) == c->expected);
    free_texts(&s);
}

static void reads_switch(void **state)
{
    const struct switch_case *c = *state;
    struct settings s = {.metrics = !c->on};
    struct buffer errors = {0};

    forget_environment(NULL);
    setenv("T_METRICS", c->value, 1);
    assert_true(load(&s, &errors));
    assert_int_equal(s.metrics, c->on);
    free_texts(&s);
}

static void names_the_fault(void **state)
{
    const struct fault_case *c = *state;
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(NULL);
    setenv(c->variable, c->value, 1);
    assert_false(load(&s, &errors));
    assert_span(buffer_span(&errors), c->line);
    buffer_fini(&errors);
    free_texts(&s);
}

static void names_every_fault(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_PORT", "x", 1);
    setenv("T_METRICS", "y", 1);
    assert_false(load(&s, &errors));
    settings_fault(&errors, "%s is needed with %s", "T_HOST", "T_MODE");
    assert_string_equal(errors.ptr, PORT_FAULT "\"x\"\n"
                                               "T_METRICS must be true or false, not \"y\"\n"
                                               "T_HOST is needed with T_MODE\n");
    buffer_fini(&errors);
    free_texts(&s);
}

static void takes_the_defaults(void **state)
{
    struct settings s = {.offset = 77, .mode = -1};
    struct buffer errors = {0};

    forget_environment(state);
    assert_true(load(&s, &errors));
    assert_string_equal(s.host, "redis");
    assert_string_equal(s.secret, "hidden");
    assert_int_equal(s.port, 3002);
    assert_int_equal(s.offset, 77); // no default: stays as it was
    assert_int_equal(s.lifetime, 604800);
    assert_true(s.metrics);
    assert_int_equal(s.level, 2);
    assert_int_equal(s.mode, -1);
    free_texts(&s);
}

static void a_text_without_default_is_null(void **state)
{
    const struct setting text = {"T_HOST", SETTING_TEXT, FIELD(host), NULL, .help = ""};
    struct settings s = {.host = "before"};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_HOST", "", 1);
    assert_true(settings_load(&text, 1, &s, &errors));
    assert_null(s.host);
}

static void texts_are_copies(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_HOST", "first", 1);
    assert_true(load(&s, &errors));
    setenv("T_HOST", "later", 1);
    assert_string_equal(s.host, "first");
    free_texts(&s);
}

static void choices_in_any_case(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_LEVEL", "WARN", 1);
    assert_true(load(&s, &errors));
    assert_int_equal(s.level, 1);
    free_texts(&s);
}

static void write_dotenv(const char *text, size_t len)
{
    FILE *file = fopen("test.env", "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void the_environment_wins_over_the_file(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_PORT", "1", 1);
    write_dotenv("T_PORT=2\nT_HOST=a\nT_HOST=b\n", 27);
    assert_true(settings_read_dotenv("test.env", &errors));
    assert_true(load(&s, &errors));
    assert_int_equal(s.port, 1);
    assert_string_equal(s.host, "b"); // the last line of a name counts
    free_texts(&s);
    unlink("test.env");
}

static void a_secret_comes_from_a_file(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    write_dotenv("from the file\n", 14);
    setenv("T_SECRET", "", 1); // counts as unset
    setenv("T_SECRET_FILE", "test.env", 1);
    assert_true(load(&s, &errors));
    assert_string_equal(s.secret, "from the file");
    unlink("test.env");
    free_texts(&s);
}

static void a_secret_and_its_file_exclude_each_other(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_SECRET", "do-not-tell", 1);
    setenv("T_SECRET_FILE", "test.env", 1);
    assert_false(load(&s, &errors));
    assert_span(buffer_span(&errors), "T_SECRET and T_SECRET_FILE exclude each other\n");
    buffer_fini(&errors);
    free_texts(&s);
}

static void a_secret_file_that_is_not_there_is_a_fault(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_SECRET_FILE", "/no/such", 1);
    setenv("T_PORT", "x", 1);
    assert_false(load(&s, &errors));
    assert_span(buffer_span(&errors),
                "T_SECRET_FILE \"/no/such\" cannot be read: No such file or directory\n" PORT_FAULT
                "\"x\"\n");
    buffer_fini(&errors);
    free_texts(&s);
}

static void only_secrets_have_files(void **state)
{
    struct settings s = {0};
    struct buffer errors = {0};

    forget_environment(state);
    setenv("T_HOST_FILE", "/no/such", 1);
    assert_true(load(&s, &errors));
    assert_string_equal(s.host, "redis");
    unsetenv("T_HOST_FILE");
    free_texts(&s);
}

static void no_file_is_no_fault(void **state)
{
    struct buffer errors = {0};

    (void)state;
    assert_true(settings_read_dotenv("no-such.env", &errors));
    assert_int_equal(errors.len, 0);
}

static void a_wrong_file_changes_nothing(void **state)
{
    struct buffer errors = {0};

    forget_environment(state);
    write_dotenv("T_PORT=2\noops\n", 14);
    assert_false(settings_read_dotenv("test.env", &errors));
    assert_span(buffer_span(&errors), "test.env, line 2: it is not NAME=value\n");
    assert_null(getenv("T_PORT"));
    buffer_fini(&errors);
    unlink("test.env");
}

static void an_endless_file_is_a_fault(void **state)
{
    struct buffer errors = {0}, text = {0};

    (void)state;
    while (text.len <= 64 * 1024)
        buffer_append(&text, SPAN_LIT("# a comment\n"));
    write_dotenv(text.ptr, text.len);
    assert_false(settings_read_dotenv("test.env", &errors));
    assert_span(buffer_span(&errors), "test.env is longer than 65536 bytes\n");
    buffer_fini(&errors);
    buffer_fini(&text);
    unlink("test.env");
}

static void a_folder_is_a_fault(void **state)
{
    struct buffer errors = {0};

    (void)state;
    assert_false(settings_read_dotenv(".", &errors));
    assert_span(buffer_span(&errors), ". cannot be read: Is a directory\n");
    buffer_fini(&errors);
}

static void help_shows_all_but_secrets(void **state)
{
    struct buffer out = {0};
    struct capture c = capture_start(STDOUT_FILENO);

    (void)state;
    settings_print_help(table, ARRAY_LEN(table));
    capture_end(&c, &out);
    assert_non_null(strstr(out.ptr, "  T_PORT=3002\n      Port of clients; "
                                    "a number from 0 to 65535\n"));
    assert_non_null(strstr(out.ptr, "  T_SECRET\n"));
    assert_null(strstr(out.ptr, "hidden"));
    assert_non_null(strstr(out.ptr, "T_SECRET_FILE names the file\nof T_SECRET.\n"));
    assert_non_null(strstr(out.ptr, "one of error, warn, info\n"));
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_non_null(strstr(out.ptr, table[i].name));
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(value_cases) + ARRAY_LEN(switch_cases) + ARRAY_LEN(fault_cases) + 15] = {
            cmocka_unit_test(names_every_fault),
            cmocka_unit_test(takes_the_defaults),
            cmocka_unit_test(a_text_without_default_is_null),
            cmocka_unit_test(texts_are_copies),
            cmocka_unit_test(choices_in_any_case),
            cmocka_unit_test(the_environment_wins_over_the_file),
            cmocka_unit_test(a_secret_comes_from_a_file),
            cmocka_unit_test(a_secret_and_its_file_exclude_each_other),
            cmocka_unit_test(a_secret_file_that_is_not_there_is_a_fault),
            cmocka_unit_test(only_secrets_have_files),
            cmocka_unit_test(no_file_is_no_fault),
            cmocka_unit_test(a_wrong_file_changes_nothing),
            cmocka_unit_test(an_endless_file_is_a_fault),
            cmocka_unit_test(a_folder_is_a_fault),
            cmocka_unit_test(help_shows_all_but_secrets),
        };
    size_t count = 15;

    ADD_ROWS(tests, count, value_cases, reads_number);
    ADD_ROWS(tests, count, switch_cases, reads_switch);
    ADD_ROWS(tests, count, fault_cases, names_the_fault);
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
