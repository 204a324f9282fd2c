#include "common/buffer.h"

#include "tests/unit/unit.h"

struct uint_case {
    const char *name;
    uint64_t n;
    const char *out;
};

static const struct uint_case uint_cases[] = {
    {"zero", 0, "0"},
    {"ten", 10, "10"},
    {"the largest", UINT64_MAX, "18446744073709551615"},
};

static void prints_uint(void **state)
{
    const struct uint_case *c = *state;
    struct buffer out = {0};

    buffer_append_uint(&out, c->n);
    assert_span(buffer_span(&out), c->out);
    buffer_fini(&out);
}

static void grows_and_keeps_the_content(void **state)
{
    struct buffer out = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        buffer_printf(&out, "%04u", i);
    assert_int_equal(out.len, 4000);
    assert_true(out.cap > out.len);
    assert_memory_equal(out.ptr, "0000", 4);
    assert_string_equal(out.ptr + 3996, "0999");
    buffer_fini(&out);
    assert_null(out.ptr);
}

static void clear_keeps_the_memory(void **state)
{
    struct buffer out = {0};

    (void)state;
    buffer_clear(&out);
    buffer_append(&out, SPAN_LIT("abc"));
    char *before = out.ptr;
    buffer_clear(&out);
    assert_int_equal(out.len, 0);
    assert_string_equal(out.ptr, "");
    buffer_append(&out, SPAN_LIT("de"));
    assert_ptr_equal(out.ptr, before);
    assert_string_equal(out.ptr, "de");
    buffer_fini(&out);
}

static void reserve_leaves_room_for_the_nul(void **state)
{
    struct buffer out = {0};

    (void)state;
    char *at = buffer_reserve(&out, 64);
    memset(at, 'x', 64);
    out.len += 64;
    out.ptr[out.len] = '\0';
    assert_int_equal(strlen(out.ptr), 64);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(uint_cases) + 3] = {
        cmocka_unit_test(grows_and_keeps_the_content),
        cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(reserve_leaves_room_for_the_nul),
    };
    size_t count = 3;

    ADD_ROWS(tests, count, uint_cases, prints_uint);
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
