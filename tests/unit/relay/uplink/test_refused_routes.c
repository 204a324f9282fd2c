#include "relay/uplink/refused_routes.h"

#include <stdio.h>

#include "tests/unit/unit.h"

struct route_case {
    const char *name;
    const char *exchange, *routing_key;
    uint64_t now_ms;
    bool refused;
};

// "fleet" and "client.location" were refused at 1000 ms.
static const struct route_case route_cases[] = {
    {"is refused at once", "fleet", "client.location", 1000, true},
    {"is refused for a while", "fleet", "client.location", 1000 + REFUSED_ROUTE_MS - 1, true},
    {"can be tried later", "fleet", "client.location", 1000 + REFUSED_ROUTE_MS, false},
    {"another key can be tried", "fleet", "client.loc", 1000, false},
    {"another exchange can be tried", "fleet2", "client.location", 1000, false},
    {"no name can be tried", "", "", 1000, false},
};

static void finds(void **state)
{
    const struct route_case *c = *state;
    struct refused_routes routes = {0};

    refused_routes_note(&routes, "fleet", "client.location", "no exchange", 1000);
    const char *why = refused_routes_find(&routes, c->exchange, c->routing_key, c->now_ms);
    if (c->refused)
        assert_string_equal(why, "no exchange");
    else
        assert_null(why);
}

static void the_oldest_makes_room(void **state)
{
    struct refused_routes routes = {0};
    char key[16];

    (void)state;
    for (int i = 0; i <= REFUSED_ROUTES_MAX; i++) {
        snprintf(key, sizeof(key), "key.%d", i);
        refused_routes_note(&routes, "fleet", key, "no exchange", 1000);
    }
    assert_null(refused_routes_find(&routes, "fleet", "key.0", 1000));
    assert_non_null(refused_routes_find(&routes, "fleet", "key.1", 1000));
    assert_non_null(refused_routes_find(&routes, "fleet", key, 1000));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(route_cases) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, route_cases, finds);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_oldest_makes_room);
    return cmocka_run_group_tests_name("refused_routes", tests, NULL, NULL);
}
