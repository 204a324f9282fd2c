#include "common/secret_file.h"

#include <unistd.h>

#include "tests/unit/unit.h"

#define BYTES(literal) literal, sizeof(literal) - 1

struct secret_case {
    const char *name;
    const char *content;
    size_t len;
    const char *secret; // NULL: refused
    const char *fault;
};

// clang-format off
static const struct secret_case secret_cases[] = {
    {"as it stands",             BYTES("s3cret"),         "s3cret",       NULL},
    {"a line end is cut",        BYTES("s3cret\n"),       "s3cret",       NULL},
    {"that of Windows too",      BYTES("s3cret\r\n"),     "s3cret",       NULL},
    {"one of two is cut",        BYTES("s3cret\n\n"),     "s3cret\n",     NULL},
    {"blanks are kept",          BYTES(" s3 cret \n"),    " s3 cret ",    NULL},
    {"lines are kept",           BYTES("one\ntwo\n"),     "one\ntwo",     NULL},
    {"a lone carriage return",   BYTES("s3cret\r"),       "s3cret\r",     NULL},
    {"quotes are a part of it",  BYTES("\"s3cret\""),     "\"s3cret\"",   NULL},
    {"nothing",                  BYTES(""),               NULL, "is empty"},
    {"a line end alone",         BYTES("\n"),             NULL, "is empty"},
    {"a NUL byte",               BYTES("s3\0cret"),       NULL, "has a NUL byte, which a secret cannot contain"},
    {"a NUL byte at the end",    BYTES("s3cret\0"),       NULL, "has a NUL byte, which a secret cannot contain"},
};
// clang-format on

static void make_file(char path[32], struct span content)
{
    strcpy(path, "/tmp/test_secret.XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.ptr, content.len), content.len);
    close(fd);
}

static void expect_fault(struct buffer *errors, const char *path, const char *fault)
{
    struct buffer line = {0};

    buffer_printf(&line, "T_SECRET_FILE \"%s\" %s\n", path, fault);
    assert_span(buffer_span(errors), line.ptr);
    buffer_fini(&line);
    buffer_fini(errors);
}

static void reads(void **state)
{
    const struct secret_case *c = *state;
    struct buffer errors = {0};
    char path[32];

    make_file(path, (struct span){c->content, c->len});
    char *secret = secret_file_read("T_SECRET_FILE", path, &errors);
    unlink(path);
    if (c->secret)
        assert_string_equal(secret, c->secret);
    else
        expect_fault(&errors, path, c->fault);
    assert_int_equal(!secret, !c->secret);
    assert_int_equal(errors.len, 0);
    free(secret);
}

static void has_a_limit(void **state)
{
    struct buffer content = {0}, errors = {0};
    char path[32];

    (void)state;
    for (int over = 0; over < 2; over++) {
        buffer_clear(&content);
        memset(buffer_reserve(&content, SECRET_FILE_MAX + 1), 'x', SECRET_FILE_MAX + 1);
        make_file(path, (struct span){content.ptr, SECRET_FILE_MAX + (size_t)over});
        char *secret = secret_file_read("T_SECRET_FILE", path, &errors);
        unlink(path);
        assert_int_equal(!secret, over);
        if (over)
            expect_fault(&errors, path, "has more than 64 KB");
        else
            assert_int_equal(strlen(secret), SECRET_FILE_MAX);
        free(secret);
    }
    buffer_fini(&content);
}

static void says_why_it_cannot_be_read(void **state)
{
    struct buffer errors = {0};

    (void)state;
    assert_null(secret_file_read("T_SECRET_FILE", "/nowhere/at/all", &errors));
    expect_fault(&errors, "/nowhere/at/all", "cannot be read: No such file or directory");
    assert_null(secret_file_read("T_SECRET_FILE", "/", &errors));
    expect_fault(&errors, "/", "cannot be read: Is a directory");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(secret_cases) + 2] = {
        cmocka_unit_test(has_a_limit),
        cmocka_unit_test(says_why_it_cannot_be_read),
    };
    size_t count = 2;

    ADD_ROWS(tests, count, secret_cases, reads);
    return cmocka_run_group_tests_name("secret_file", tests, NULL, NULL);
}
