#include "common/setting_typos.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

struct distance_row {
    const char *name;
    const char *a, *b;
    unsigned distance; // 3: that or more
};

// clang-format off
static const struct distance_row rows[] = {
    {"distance: the same", "JWT_SECRET", "JWT_SECRET", 0},
    {"distance: in another case", "jwt_secret", "JWT_SECRET", 0},
    {"distance: one more", "JWT_SECRETT", "JWT_SECRET", 1},
    {"distance: one less", "JWT_SECRE", "JWT_SECRET", 1},
    {"distance: another one", "JWT-SECRET", "JWT_SECRET", 1},
    {"distance: two swapped", "LOG_LEVLE", "LOG_LEVEL", 1},
    {"distance: two swapped at the beginning", "OLG_LEVEL", "LOG_LEVEL", 1},
    {"distance: two others", "JWT_SECARD", "JWT_SECRET", 3},
    {"distance: one more and another one", "JWT_SEKRETT", "JWT_SECRET", 2},
    {"distance: nothing alike", "HOME", "PORT", 3},
    {"distance: nothing", "", "AB", 2},
    {"distance: much longer", "REDIS_HOST", "REDIS", 3},
};
// clang-format on

static void measures(void **state)
{
    const struct distance_row *row = *state;

    assert_int_equal(typo_distance(span_of(row->a), span_of(row->b)), row->distance);
    assert_int_equal(typo_distance(span_of(row->b), span_of(row->a)), row->distance);
}

static void names_what_is_meant(void **state)
{
    struct buffer warnings = {0};

    (void)state;
    clearenv();
    setenv("REDIS_HSOT", "do-not-tell", 1);
    setenv("REDIS_HOST", "x", 1);
    setenv("HOSTNAME", "x", 1);
    setenv("POST", "x", 1);
    settings_find_typos(&warnings);
    buffer_append_char(&warnings, '\0');
    assert_string_equal(warnings.ptr, "REDIS_HSOT is not known; is REDIS_HOST meant?\n"
                                      "POST is not known; is PORT meant?\n");
    buffer_fini(&warnings);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, measures);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(names_what_is_meant);
    return cmocka_run_group_tests_name("setting typos", tests, NULL, NULL);
}
