#include "common/js_number.h"
#include "tests/unit/unit.h"

struct row {
    const char *name; // what JavaScript prints
    double number;
};

// clang-format off
static const struct row rows[] = {
    {"0", 0.0}, {"0", -0.0}, {"1", 1}, {"-1", -1}, {"42", 42}, {"1000", 1e3}, {"1500", 1.5e3},
    {"1.5", 1.5}, {"-2.25", -2.25}, {"0.1", 0.1}, {"0.30000000000000004", 0.1 + 0.2},
    {"123456789.125", 123456789.125}, {"9007199254740992", 9007199254740993.0},
    {"100000000000000000000", 1e20}, {"999999999999999900000", 999999999999999868928.0},
    {"1e+21", 1e21}, {"1.5e+300", 1.5e300}, {"1.7976931348623157e+308", 1.7976931348623157e308},
    {"0.000001", 1e-6}, {"0.0000015", 1.5e-6}, {"1e-7", 1e-7}, {"-1.5e-9", -1.5e-9}, {"5e-324", 5e-324},
};
// clang-format on

static void prints(void **state)
{
    const struct row *row = *state;
    struct buffer out = {0};

    js_number_append(row->number, &out);
    assert_span(buffer_span(&out), row->name);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, prints);
    return cmocka_run_group_tests_name("js_number", tests, NULL, NULL);
}
