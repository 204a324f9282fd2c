#include <ctype.h>

#include "common/random.h"
#include "tests/unit/unit.h"

static void ids_are_new_and_fit_a_url(void **state)
{
    char a[RANDOM_ID_LEN + 1], b[RANDOM_ID_LEN + 1];

    (void)state;
    random_id(a);
    random_id(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), RANDOM_ID_LEN);
    for (const char *c = a; *c; c++)
        assert_true(isalnum((unsigned char)*c) || *c == '-' || *c == '_');
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ids_are_new_and_fit_a_url)};

    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
