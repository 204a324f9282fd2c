#include "common/hash.h"
#include "tests/unit/unit.h"

static void hash_depends_on_every_byte(void **state)
{
    (void)state;
    assert_int_equal(hash_keyed("abc", 3), hash_keyed("abc", 3));
    assert_int_not_equal(hash_keyed("abc", 3), hash_keyed("abd", 3));
    assert_int_not_equal(hash_keyed("abc", 3), hash_keyed("abc", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hash_depends_on_every_byte)};

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
