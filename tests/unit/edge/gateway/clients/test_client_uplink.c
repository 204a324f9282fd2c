// Clients that tell services something, on a whole gateway, with a bus that answers as the test
// says.
#include "edge/gateway/clients/client_uplink.h"

#include <stdio.h>

#include "tests/unit/file_maker.h"
#include "tests/unit/gateway_stage.h"

#define LOBBY "{\"roomType\":\"lobby\",\"roomId\":\"1\""

static struct gateway_file *file;

static int set_up(void **state)
{
    (void)state;
    file = file_of(
        SPAN_LIT("{\"rooms\":{\"lobby\":{\"join\":\"open\"}},\"clientEvents\":{"
                 "\"where\":{\"publish\":{\"exchange\":\"fleet\",\"routingKey\":\"client.where\"},"
                 "\"maxBytes\":10,\"perSecond\":100},"
                 "\"draw\":{\"room\":true,\"as\":\"drawn\","
                 "\"publish\":{\"exchange\":\"fleet\",\"routingKey\":\"client.draw\"}}}}"),
        ROOM_JOIN_OPEN);
    struct gateway_options options = stage_options(file, NULL);
    const struct gateway_handlers handlers = {0};

    options.allow_anonymous = true;
    stage_begin(&options, &handlers);
    connect_peer(0, "", "{\"id\":\"u1\"}");
    connect_peer(1, "", "{\"id\":2}");
    buffer_clear(&bus.asked);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_end();
    gateway_file_free(file);
    return 0;
}

// The bus has answered the oldest call.
static void told(enum bus_uplink result)
{
    bus.bus.uplink.on_told(result, bus.bus.uplink.arg);
    turn();
}

static void down(void)
{
    bus.is_down = true;
    bus.bus.uplink.on_down(bus.bus.uplink.arg);
    turn();
}

static uint64_t pending(void)
{
    return metric_get(&metrics.uplink.pending);
}

// ---- what is asked, and what is told

struct body_case {
    const char *name;
    int who;
    const char *said;
    const char *asked, *told;
};

#define TAIL ",\"timestamp\":\"*\",\"service\":\"websocket-gateway\"}"

static const struct body_case body_cases[] = {
    {"the data as it came", 0, "421[\"where\",[1e2, 1.0]]", "tell fleet client.where u1; ",
     "{\"eventName\":\"where\",\"data\":[1e2, 1.0],\"userId\":\"u1\",\"socketId\":\"*\"" TAIL},
    {"of a user with a number", 1, "42[\"where\",{\"a\":1}]", "tell fleet client.where 2; ",
     "{\"eventName\":\"where\",\"data\":{\"a\":1},\"userId\":2,\"socketId\":\"*\"" TAIL},
    {"without data", 0, "42[\"where\"]", "tell fleet client.where u1; ",
     "{\"eventName\":\"where\",\"data\":null,\"userId\":\"u1\",\"socketId\":\"*\"" TAIL},
    {"the first argument alone", 0, "42[\"where\",1,2]", "tell fleet client.where u1; ",
     "{\"eventName\":\"where\",\"data\":1,\"userId\":\"u1\",\"socketId\":\"*\"" TAIL},
    {"an event of nobody", 0, "42[\"there\",1]", "", ""},
    {"outside the room", 0, "421[\"draw\"," LOBBY ",\"data\":1}]", "", ""},
};

static void asks_the_bus(void **state)
{
    const struct body_case *c = *state;

    say(c->who, c->said);
    asked(c->asked);
    if (*c->told)
        assert_matches(&bus.told, c->told);
}

static void anonymous_clients_are_told_apart_by_their_sockets(void **state)
{
    (void)state;
    open_peer(2);
    say(2, "40");
    buffer_clear(&bus.asked);
    say(2, "42[\"where\",1]");
    asked("tell fleet client.where *; ");
    const char *owner = bus.asked.ptr + strlen("tell fleet client.where ");
    assert_true(strncmp(owner, "u1", 2) != 0 && strlen(owner) == 20 + strlen("; "));
    assert_matches(&bus.told, "{\"eventName\":\"where\",\"data\":1,\"userId\":null,*");
}

// ---- answers

static void answers_when_redis_has_it(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    hears(0, "");
    told(BUS_UPLINK_ADDED);
    hears(0, "431[{\"success\":true}]|");
    assert_int_equal(metric_get(&metrics.uplink.added), 1);
    assert_int_equal(pending(), 0);
}

static void says_that_it_is_full(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    told(BUS_UPLINK_FULL);
    hears(0, "431[{\"error\":\"Service overloaded\"}]|");
    assert_int_equal(metric_get(&metrics.uplink.full), 1);
}

static void says_that_redis_refuses_it(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    told(BUS_UPLINK_FAILED);
    hears(0, "431[{\"error\":\"Service unavailable\"}]|");
    assert_int_equal(metric_get(&metrics.uplink.unavailable), 1);
}

static void says_at_once_that_redis_is_away(void **state)
{
    (void)state;
    bus.is_down = true;
    say(0, "421[\"where\",1]");
    hears(0, "431[{\"error\":\"Service unavailable\"}]|");
    assert_int_equal(pending(), 0);
}

static void says_that_redis_has_gone(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    say(1, "421[\"where\",1]");
    down();
    hears(0, "431[{\"error\":\"Service unavailable\"}]|");
    hears(1, "431[{\"error\":\"Service unavailable\"}]|");
    assert_int_equal(pending(), 0);
    assert_int_equal(metric_get(&metrics.uplink.unavailable), 2);
}

static void answers_go_to_who_has_asked(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    say(1, "422[\"where\",2]");
    say(0, "423[\"where\",3]");
    told(BUS_UPLINK_ADDED);
    told(BUS_UPLINK_FULL);
    told(BUS_UPLINK_ADDED);
    hears(0, "431[{\"success\":true}]|433[{\"success\":true}]|");
    hears(1, "432[{\"error\":\"Service overloaded\"}]|");
}

static void a_client_that_is_gone_gets_no_answer(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    say(1, "422[\"where\",2]");
    leave(0);
    told(BUS_UPLINK_ADDED);
    told(BUS_UPLINK_ADDED);
    hears(1, "432[{\"success\":true}]|");
    assert_int_equal(metric_get(&metrics.uplink.added), 2);
    assert_int_equal(pending(), 0);
}

static void what_has_no_answer_at_the_end_is_freed(void **state)
{
    (void)state;
    say(0, "421[\"where\",1]");
    say(1, "42[\"where\",1]");
}

// ---- limits

static void one_client_waits_for_so_many(void **state)
{
    (void)state;
    for (int i = 0; i < UPLINK_CALLS_OF_CLIENT; i++)
        say(0, "42[\"where\",1]");
    say(0, "421[\"where\",1]");
    hears(0, "431[{\"error\":\"Too many events\"}]|");
    assert_int_equal(metric_get(&metrics.uplink.too_many), 1);
    say(1, "42[\"where\",1]"); // costs only itself
    assert_int_equal(pending(), UPLINK_CALLS_OF_CLIENT + 1);
    told(BUS_UPLINK_ADDED);
    say(0, "42[\"where\",1]");
    assert_int_equal(pending(), UPLINK_CALLS_OF_CLIENT + 1);
}

static void too_much_data_is_refused(void **state)
{
    (void)state;
    say(0, "421[\"where\",\"12345678\"]");
    say(0, "422[\"where\",\"123456789\"]");
    hears(0, "432[{\"error\":\"Payload too large\"}]|");
    assert_int_equal(pending(), 1);
}

// ---- to a room as well

static void members_hear_what_is_on_its_way(void **state)
{
    (void)state;
    say(0, "421[\"join_room\"," LOBBY "}]");
    say(1, "421[\"join_room\"," LOBBY "}]");
    buffer_clear(&peers[1].wrote);
    buffer_clear(&bus.asked);
    say(0, "422[\"draw\"," LOBBY ",\"data\":[1]}]");
    asked("tell fleet client.draw u1; publish 0 lobby:1 drawn; ");
    assert_matches(&bus.told,
                   "{\"eventName\":\"draw\",\"data\":[1],\"userId\":\"u1\",\"socketId\":\"*\","
                   "\"room\":\"lobby:1\"" TAIL);
    hears(1, "42[\"drawn\",*]|");
    told(BUS_UPLINK_ADDED);
    hears(0, "432[{\"success\":true}]|");
    bus.is_down = true;
    buffer_clear(&peers[1].wrote);
    say(0, "423[\"draw\"," LOBBY ",\"data\":[1]}]");
    hears(0, "433[{\"error\":\"Service unavailable\"}]|");
    hears(1, "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest further[] = {
        TEST(anonymous_clients_are_told_apart_by_their_sockets),
        TEST(answers_when_redis_has_it),
        TEST(says_that_it_is_full),
        TEST(says_that_redis_refuses_it),
        TEST(says_at_once_that_redis_is_away),
        TEST(says_that_redis_has_gone),
        TEST(answers_go_to_who_has_asked),
        TEST(a_client_that_is_gone_gets_no_answer),
        TEST(what_has_no_answer_at_the_end_is_freed),
        TEST(one_client_waits_for_so_many),
        TEST(too_much_data_is_refused),
        TEST(members_hear_what_is_on_its_way),
    };
    struct CMUnitTest tests[ARRAY_LEN(body_cases) + ARRAY_LEN(further)];
    size_t count = 0;

    ADD_ROWS(tests, count, body_cases, asks_the_bus);
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    for (size_t i = 0; i < ARRAY_LEN(further); i++)
        tests[count++] = further[i];
    return cmocka_run_group_tests_name("client_uplink", tests, NULL, NULL);
}
