// Which host has its turn, and when it is time to pause.
#include "relay/rabbitmq/hosts.h"

#include "tests/unit/unit.h"

struct turn_case {
    const char *name;
    size_t count;
    // What the hosts do, one after the other: f fails, s serves.
    const char *events;
    // After each of them, the host that has its turn, and ; if it is time to pause before.
    const char *turns;
};

static const struct turn_case turn_cases[] = {
    {"one host: a pause each time", 1, "fff", ";a;a;a"},
    {"the next after each failure", 3, "ff", "bc"},
    {"a pause after each round", 3, "ffffff", "bc;abc;a"},
    {"one that serves keeps its turn", 2, "fsss", "bbbb"},
    {"the round begins anew with the one that has served", 3, "fsfff", "bbca;b"},
    {"two rounds, then one serves", 2, "ffffsff", "b;ab;aab;a"},
};

static void take_turns(void **state)
{
    const struct turn_case *c = *state;
    struct host_list list = {.count = c->count};
    struct rabbit_hosts hosts;
    struct buffer turns = {0};

    for (size_t i = 0; i < c->count; i++)
        list.items[i].host[0] = (char)('a' + i);
    rabbit_hosts_init(&hosts, &list);
    for (const char *event = c->events; *event; event++) {
        if (*event == 's')
            rabbit_hosts_settle(&hosts);
        else if (!rabbit_hosts_move_on(&hosts))
            buffer_printf(&turns, ";");
        buffer_printf(&turns, "%s", rabbit_hosts_current(&hosts)->address->host);
    }
    assert_span(buffer_span(&turns), c->turns);
    rabbit_hosts_fini(&hosts);
    buffer_fini(&turns);
}

static void are_named_where_there_are_several(void **state)
{
    static const struct host_list one = {{{"a", 1}}, 1}, two = {{{"a", 1}, {"::1", 2}}, 2};
    struct rabbit_hosts hosts;

    (void)state;
    rabbit_hosts_init(&hosts, &one);
    assert_string_equal(hosts.items[0].outage.what, "RabbitMQ");
    rabbit_hosts_fini(&hosts);
    rabbit_hosts_init(&hosts, &two);
    assert_string_equal(hosts.items[0].outage.what, "RabbitMQ at a:1");
    assert_string_equal(hosts.items[1].outage.what, "RabbitMQ at [::1]:2");
    rabbit_hosts_fini(&hosts);
}

static void have_outages_of_their_own(void **state)
{
    static const struct host_list list = {{{"a", 1}, {"b", 2}}, 2};
    struct rabbit_hosts hosts;

    (void)state;
    rabbit_hosts_init(&hosts, &list);
    rabbit_hosts_log(&hosts, "refused");
    assert_string_equal(hosts.items[0].outage.reason, "refused");
    assert_string_equal(hosts.items[1].outage.reason, "");
    assert_true(rabbit_hosts_move_on(&hosts));
    rabbit_hosts_settle(&hosts);
    assert_string_equal(hosts.items[0].outage.reason, "");
    hosts.items[0].resolver.reached = true;
    assert_true(rabbit_hosts_reached(&hosts));
    hosts.items[0].resolver.reached = false;
    assert_false(rabbit_hosts_reached(&hosts));
    rabbit_hosts_fini(&hosts);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(turn_cases) + 2] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, turn_cases, take_turns);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(are_named_where_there_are_several);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(have_outages_of_their_own);
    return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
