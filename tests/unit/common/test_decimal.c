#include "common/decimal.h"

#include "tests/unit/unit.h"

struct row {
    const char *name;
    uint64_t n;
    const char *text, *wide; // of four digits
};

static const struct row rows[] = {
    {"zero", 0, "0", "0000"},
    {"one digit", 7, "7", "0007"},
    {"zeros at the end", 100, "100", "0100"},
    {"as wide", 9999, "9999", "9999"},
    {"wider", 12345, "12345", "2345"},
    {"the greatest", UINT64_MAX, "18446744073709551615", "1615"},
};

static void prints(void **state)
{
    const struct row *row = *state;
    char text[DECIMAL_MAX], wide[4];

    assert_span(((struct span){text, decimal_print(row->n, text)}), row->text);
    decimal_print_wide(row->n, wide, sizeof(wide));
    assert_span(((struct span){wide, sizeof(wide)}), row->wide);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, prints);
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
