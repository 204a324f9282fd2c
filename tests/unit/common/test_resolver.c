#include "common/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static void finds_addresses(void **state)
{
    struct resolver resolver;
    struct addresses addresses;

    (void)state;
    resolver_init(&resolver, "127.0.0.1");
    assert_null(resolver_ask(&resolver, 5000, &addresses));
    assert_int_equal(addresses.count, 1);
    assert_string_equal(addresses.text[0], "127.0.0.1");
    assert_null(resolver_ask(&resolver, 5000, &addresses)); // and again
    assert_int_equal(addresses.count, 1);
    resolver_fini(&resolver);

    resolver_init(&resolver, "::1");
    assert_null(resolver_ask(&resolver, 5000, &addresses));
    assert_string_equal(addresses.text[0], "::1");
    resolver_fini(&resolver);
}

static void says_why_there_is_none(void **state)
{
    struct resolver resolver;
    struct addresses addresses;

    (void)state;
    resolver_init(&resolver, "no such name");
    assert_non_null(resolver_ask(&resolver, 5000, &addresses));
    assert_int_equal(addresses.count, 0);
    resolver_fini(&resolver);
}

// The answer may or may not be there after no wait at all; if not, the next call has it.
static void keeps_a_late_answer(void **state)
{
    struct resolver resolver;
    struct addresses addresses;

    (void)state;
    resolver_init(&resolver, "127.0.0.1");
    const char *why = resolver_ask(&resolver, 0, &addresses);
    if (why)
        assert_string_equal(why, "the name server does not answer");
    assert_null(resolver_ask(&resolver, 5000, &addresses));
    assert_string_equal(addresses.text[0], "127.0.0.1");
    resolver_fini(&resolver);
}

// Some of these lookups are at work when their resolvers end, and cannot be cancelled. None may be
// leaked, and none may look at a name that is no more.
static void ends_during_a_lookup(void **state)
{
    struct addresses addresses;

    (void)state;
    for (int i = 0; i < 200; i++) {
        struct resolver resolver;
        char *host = strdup("no such name");
        resolver_init(&resolver, host);
        const char *why = resolver_ask(&resolver, 0, &addresses);
        assert_non_null(why);
        resolver_fini(&resolver);
        memset(host, '1', strlen(host));
        free(host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_addresses),
        cmocka_unit_test(says_why_there_is_none),
        cmocka_unit_test(keeps_a_late_answer),
        cmocka_unit_test(ends_during_a_lookup),
    };
    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
