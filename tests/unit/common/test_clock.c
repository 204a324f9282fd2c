#include <time.h>

#include "common/clock.h"
#include "tests/unit/unit.h"

struct date_case {
    const char *name;
    uint64_t wall_ms;
    const char *text;
};

static const struct date_case date_cases[] = {
    {"the beginning", 0, "1970-01-01T00:00:00.000Z"},
    {"milliseconds", 1731837600007, "2024-11-17T10:00:00.007Z"},
    {"leap day", 1709251199999, "2024-02-29T23:59:59.999Z"},
    {"last one of four digits", 253402300799999, "9999-12-31T23:59:59.999Z"},
};

static void writes_dates(void **state)
{
    const struct date_case *c = *state;
    char text[ISO8601_LEN + 1];

    setenv("TZ", "XYZ-9", 1); // wherever the machine stands, UTC is written
    tzset();
    clock_iso8601(c->wall_ms, text);
    assert_string_equal(text, c->text);
}

static void clocks_run(void **state)
{
    uint64_t before = clock_monotonic_ms();

    (void)state;
    assert_true(clock_monotonic_ms() >= before);
    assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(date_cases) + 1] = {
        cmocka_unit_test(clocks_run),
    };
    size_t count = 1;

    ADD_ROWS(tests, count, date_cases, writes_dates);
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
