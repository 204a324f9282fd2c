#include "common/resp.h"

#include "tests/unit/unit.h"

struct row {
    const char *name;
    struct span args[4];
    size_t count;
    const char *command;
};

static const struct row rows[] = {
    {"a name alone", {SPAN_INIT("PING")}, 1, "*1\r\n$4\r\nPING\r\n"},
    {"several",
     {SPAN_INIT("SET"), SPAN_INIT("k"), SPAN_INIT("0123456789")},
     3,
     "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n"},
    {"an empty one", {SPAN_INIT("ECHO"), SPAN_INIT("")}, 2, "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"},
    {"nothing at all", {SPAN_INIT("ECHO"), {NULL, 0}}, 2, "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"},
    {"line ends within",
     {SPAN_INIT("ECHO"), SPAN_INIT("a\r\nb")},
     2,
     "*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n"},
};

static void writes(void **state)
{
    const struct row *row = *state;
    struct buffer out = {0};

    resp_begin(&out, row->count);
    for (size_t i = 0; i < row->count; i++)
        resp_add(&out, row->args[i]);
    assert_span(buffer_span(&out), row->command);
    assert_string_equal(out.ptr, row->command);
    buffer_fini(&out);
}

static void writes_bytes(void **state)
{
    struct buffer out = {0};

    (void)state;
    resp_begin(&out, 1);
    resp_add(&out, (struct span){"a\0b", 3});
    assert_memory_equal(out.ptr, "*1\r\n$3\r\na\0b\r\n", out.len);
    assert_int_equal(out.len, 13);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1] = {cmocka_unit_test(writes_bytes)};
    size_t count = 1;

    ADD_ROWS(tests, count, rows, writes);
    return cmocka_run_group_tests_name("resp", tests, NULL, NULL);
}
