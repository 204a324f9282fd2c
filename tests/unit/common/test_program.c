#include "common/program.h"

#include <unistd.h>

#include "tests/unit/capture.h"

static const struct setting settings[] = {
    {"T_PORT", SETTING_NUMBER, 0, "3002", 0, 65535, .help = "Port of clients"},
};
static const struct program program = {"ws-test", "Does what tests need.", settings, 1,
                                       "--poem",  "print a poem and exit"};

struct argument_case {
    const char *name;
    const char *arguments[3];
    enum program_action action;
    const char *out, *err; // what must stand there; NULL: nothing at all
};

static const char version_line[] = "ws-test " GATEWAY_VERSION "\n";

// clang-format off
static const struct argument_case argument_cases[] = {
    {"nothing",            {NULL},                          PROGRAM_RUN,          NULL,         NULL},
    {"--check-config",     {"--check-config"},              PROGRAM_CHECK_CONFIG, NULL,         NULL},
    {"what it prints",     {"--poem"},                      PROGRAM_PRINT,        NULL,         NULL},
    {"--version",          {"--version"},                   PROGRAM_DONE,         version_line, NULL},
    {"--help: usage",      {"--help"},                      PROGRAM_DONE,  "Usage: ws-test ",    NULL},
    {"--help: summary",    {"--help"},                      PROGRAM_DONE,  "Does what tests need", NULL},
    {"--help: options",    {"-h"},                          PROGRAM_DONE,  "  --check-config ",  NULL},
    {"--help: what it prints", {"--help"},                  PROGRAM_DONE,  "  --poem          print a poem", NULL},
    {"--help: settings",   {"--help"},                      PROGRAM_DONE,  "T_PORT=3002",        NULL},
    {"help after another", {"--check-config", "--help"},    PROGRAM_DONE,  "Usage:",             NULL},
    {"unknown option",     {"--frobnicate"},                PROGRAM_USAGE, NULL,
     "ws-test: unknown argument \"--frobnicate\"; ws-test --help shows what there is\n"},
    {"operand",            {"--check-config", "x"},         PROGRAM_USAGE, NULL,
     "ws-test: unknown argument \"x\""},
};
// clang-format on

static void assert_has(const struct buffer *text, const char *part)
{
    if (part)
        assert_non_null(strstr(text->ptr, part));
    else
        assert_string_equal(text->ptr, "");
}

static void answers_arguments(void **state)
{
    const struct argument_case *c = *state;
    char *argv[4] = {(char *)program.name};
    int argc = 1;

    for (; c->arguments[argc - 1]; argc++)
        argv[argc] = (char *)c->arguments[argc - 1];
    struct buffer out = {0}, err = {0};
    struct capture out_capture = capture_start(STDOUT_FILENO);
    struct capture err_capture = capture_start(STDERR_FILENO);
    enum program_action action = program_arguments(&program, argc, argv);
    capture_end(&err_capture, &err);
    capture_end(&out_capture, &out);

    assert_int_equal(action, c->action);
    assert_has(&out, c->out);
    assert_has(&err, c->err);
    buffer_fini(&out);
    buffer_fini(&err);
}

static void prints_faults(void **state)
{
    struct buffer errors = {0}, err = {0};

    (void)state;
    settings_fault(&errors, "A is wrong");
    settings_fault(&errors, "B is wrong");
    struct capture capture = capture_start(STDERR_FILENO);
    program_print_faults(&program, &errors);
    capture_end(&capture, &err);
    assert_string_equal(err.ptr, "ws-test: wrong settings:\n  A is wrong\n  B is wrong\n");
    buffer_fini(&errors);
    buffer_fini(&err);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(argument_cases) + 1] = {cmocka_unit_test(prints_faults)};
    size_t count = 1;

    ADD_ROWS(tests, count, argument_cases, answers_arguments);
    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
