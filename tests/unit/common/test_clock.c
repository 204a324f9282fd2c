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
    {"behind a leap day", 1709251200000, "2024-03-01T00:00:00.000Z"},
    {"last day of a leap year", 1735689599999, "2024-12-31T23:59:59.999Z"},
    {"leap day of a century", 951827696789, "2000-02-29T12:34:56.789Z"},
    {"a century without one", 4107542400000, "2100-03-01T00:00:00.000Z"},
    {"the day before", 4107542399999, "2100-02-28T23:59:59.999Z"},
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

// Each day of 800 years, against the library.
static void writes_each_day(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 2 * 146097; day++) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        char text[ISO8601_LEN + 1], expected[64];
        struct tm utc;

        clock_iso8601((uint64_t)seconds * 1000, text);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&seconds, &utc));
        assert_string_equal(text, expected);
    }
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
    struct CMUnitTest tests[ARRAY_LEN(date_cases) + 2] = {
        cmocka_unit_test(clocks_run),
        cmocka_unit_test(writes_each_day),
    };
    size_t count = 2;

    ADD_ROWS(tests, count, date_cases, writes_dates);
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
