#include "common/gateway_file/routes_file.h"

#include <stdio.h>
#include <unistd.h>

#include "common/gateway_file/gateway_file.h"
#include "tests/unit/unit.h"

#define ROUTE(members) "{\"routes\":[{" members "}]}"
#define KEY            "\"routingKey\":\"order.paid\""
#define ROOM           "\"room\":\"user:{userId}\""
#define EVENT          "\"event\":\"order_update\""
#define FIELDS         "\"fields\":[\"orderId\"]"
#define FOUR_ROOMS     "\"{a}\",\"{a}\",\"{a}\",\"{a}\""

static struct buffer errors;

static int set_up(void **state)
{
    (void)state;
    buffer_clear(&errors);
    return 0;
}

static struct gateway_file *load(const char *path, const char *queue_prefix)
{
    return gateway_file_load(
        &(struct gateway_file_options){.routes_path = path, .queue_prefix = queue_prefix}, &errors);
}

static struct gateway_file *built_in(void)
{
    struct gateway_file *file = load(NULL, "websocket.");

    assert_non_null(file);
    return file;
}

static bool add(struct gateway_file *file, struct span text)
{
    return routes_file_add(&(struct file_reader){text, "f", &errors}, NULL, file->routes);
}

static void has_the_built_in_routes(void **state)
{
    static const char *const keys[] = {"message.sent", "booking.confirmed", "notification.created"};
    static const char *const events[] = {"new_message", "booking_update", "new_notification"};
    static const char *const prefixes[] = {"conversation:", "user:", "user:"};
    struct gateway_file *file = built_in();
    struct routes *routes = file->routes;

    (void)state;
    assert_int_equal(routes->count, ARRAY_LEN(keys));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct route *route = routes_find(routes, span_of(keys[i]));
        char queue[64];

        assert_non_null(route);
        snprintf(queue, sizeof(queue), "websocket.%s", keys[i]);
        assert_string_equal(route->queue, queue);
        assert_string_equal(route->event, events[i]);
        assert_int_equal(route->room_count, 1);
        assert_string_equal(route->rooms[0].prefix, prefixes[i]);
        assert_string_equal(route->rooms[0].suffix, "");
        assert_false(route->rooms[0].is_list);
    }
    assert_null(routes_find(routes, SPAN_LIT("order.paid")));
    gateway_file_free(file);
}

static void adds_a_route(void **state)
{
    struct gateway_file *file = built_in();
    struct routes *routes = file->routes;
    struct span text = exact_copy(SPAN_LIT(ROUTE(KEY "," ROOM "," EVENT "," FIELDS)));

    (void)state;
    assert_true(add(file, text));
    free((void *)text.ptr); // nothing refers to the text

    const struct route *route = routes_find(routes, SPAN_LIT("order.paid"));
    assert_int_equal(routes->count, 4);
    assert_non_null(route);
    assert_string_equal(route->queue, "websocket.order.paid");
    assert_int_equal(route->field_count, 1);
    assert_string_equal(route->fields[0].key, "\"orderId\":");
    assert_int_equal(route_source_index(route, SPAN_LIT("orderId")),
                     route->fields[0].from.index[0]);
    assert_int_equal(route_source_index(route, SPAN_LIT("\\u006frderId")),
                     route->fields[0].from.index[0]);
    assert_int_equal(route_source_index(route, SPAN_LIT("other")), -1);
    gateway_file_free(file);
}

static void reads_several_rooms(void **state)
{
    struct gateway_file *file = built_in();

    (void)state;
    assert_true(add(file, SPAN_LIT(ROUTE(KEY "," EVENT "," FIELDS ",\"rooms\":[\"order:{orderId}\","
                                             "\"user:{watchers[]|fans[]}!\"]," ROOM))));
    const struct route *route = routes_find(file->routes, SPAN_LIT("order.paid"));
    assert_int_equal(route->room_count, 3);
    assert_string_equal(route->rooms[0].prefix, "order:");
    assert_false(route->rooms[0].is_list);
    assert_string_equal(route->rooms[1].prefix, "user:");
    assert_string_equal(route->rooms[1].suffix, "!");
    assert_true(route->rooms[1].is_list);
    assert_int_equal(route->rooms[1].from.count, 2);
    assert_int_equal(route_source_index(route, SPAN_LIT("fans")), route->rooms[1].from.index[1]);
    assert_string_equal(route->rooms[2].prefix, "user:");
    gateway_file_free(file);
}

static void reads_actions(void **state)
{
    struct gateway_file *file = built_in();

    (void)state;
    assert_true(add(file, SPAN_LIT("{\"routes\":[{" KEY ",\"leave\":{\"user\":\"{a|b}\","
                                   "\"room\":\"c:{c}\"}},{\"routingKey\":\"x\"," EVENT "," ROOM
                                   "," FIELDS ",\"disconnect\":{\"user\":\"{a}\"}},"
                                   "{\"routingKey\":\"y\",\"join\":{\"user\":\"{a}\","
                                   "\"room\":\"d:{d}\"}}]}")));
    const struct route *route = routes_find(file->routes, SPAN_LIT("order.paid"));
    assert_true(route->action.act == ROUTE_LEAVE);
    assert_string_equal(route->action.user.prefix, "user:");
    assert_int_equal(route->action.user.from.count, 2);
    assert_string_equal(route->action.room.prefix, "c:");
    assert_null(route->event);
    route = routes_find(file->routes, SPAN_LIT("x"));
    assert_true(route->action.act == ROUTE_DISCONNECT);
    assert_string_equal(route->event, "order_update");
    route = routes_find(file->routes, SPAN_LIT("y"));
    assert_true(route->action.act == ROUTE_JOIN);
    assert_string_equal(route->action.room.prefix, "d:");
    gateway_file_free(file);
}

static void keeps_the_routes_in_order(void **state)
{
    static const char *const keys[] = {"booking.confirmed", "message.sent", "notification.created",
                                       "order.paid"};
    struct gateway_file *file = built_in();
    struct routes *routes = file->routes;

    (void)state;
    assert_true(add(file, SPAN_LIT(ROUTE(KEY "," ROOM "," EVENT "," FIELDS))));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        assert_string_equal(routes->items[i].routing_key, keys[i]);
    gateway_file_free(file);
}

static void names_queues_with_the_prefix(void **state)
{
    struct gateway_file *file = load(NULL, "gateway-");

    (void)state;
    assert_non_null(file);
    assert_string_equal(routes_find(file->routes, SPAN_LIT("message.sent"))->queue,
                        "gateway-message.sent");
    gateway_file_free(file);
}

static void replaces_a_built_in_route(void **state)
{
    struct gateway_file *file = built_in();
    struct routes *routes = file->routes;

    (void)state;
    assert_true(
        add(file, SPAN_LIT(ROUTE("\"routingKey\":\"message.sent\"," ROOM "," EVENT "," FIELDS))));
    assert_int_equal(routes->count, 3);
    assert_string_equal(routes_find(routes, SPAN_LIT("message.sent"))->event, "order_update");
    gateway_file_free(file);
}

struct bad_case {
    const char *name;
    const char *text;
    const char *error;
};

static const struct bad_case bad_cases[] = {
    {"empty file", "", "f:1: unexpected end\n"},
    {"not JSON", "{\n\n  routes\n}", "f:3: a member name in quotes must follow\n"},
    {"no object", "[]", "f:1: the file must be an object with \"routes\"\n"},
    {"no routes", "{}", "f:1: the file needs \"routes\", a list\n"},
    {"unknown member", "{\n\"routs\":[]}", "f:2: the file has \"routes\" and nothing else\n"},
    {"route is no object", "{\"routes\":[\n\n1]}", "f:3: a route must be an object\n"},
    {"member missing", ROUTE(KEY "," ROOM "," EVENT),
     "f:1: a route needs routingKey, room or rooms, event and fields\n"},
    {"unknown member of a route", ROUTE("\n\"rom\":\"x\""),
     "f:2: a route has \"routingKey\", \"room\", \"rooms\", \"event\", \"fields\", \"leave\", "
     "\"join\" and \"disconnect\"\n"},
    {"member named twice", ROUTE(EVENT ",\n" EVENT), "f:2: named twice\n"},
    {"routing key with a wildcard", ROUTE("\"routingKey\":\"order.*\""),
     "f:1: a routing key with * or # is not possible here\n"},
    {"routing key that names the queue of dead letters", ROUTE("\"routingKey\":\"dead-letter\""),
     "f:1: this routing key would take the queue of dead letters\n"},
    {"empty routing key", ROUTE("\"routingKey\":\"\""),
     "f:1: empty, too long, or not plain text\n"},
    {"routing key that is a number", ROUTE("\"routingKey\":1"), "f:1: a string is wanted here\n"},
    {"room without a place", ROUTE("\"room\":\"lobby\""),
     "f:1: a room must hold one {member}, as in \"user:{userId}\"\n"},
    {"room with two places", ROUTE("\"room\":\"{a}{b}\""),
     "f:1: a room must hold one {member}, as in \"user:{userId}\"\n"},
    {"room with an open place", ROUTE("\"room\":\"user:{userId\""),
     "f:1: a room must hold one {member}, as in \"user:{userId}\"\n"},
    {"room with an empty alternative", ROUTE("\"room\":\"user:{userId|}\""),
     "f:1: a room has an empty member name\n"},
    {"list without a name", ROUTE("\"room\":\"user:{[]}\""),
     "f:1: a room has an empty member name\n"},
    {"a list or a text", ROUTE("\"room\":\"user:{a[]|b}\""),
     "f:1: either all alternatives end in [] or none\n"},
    {"a text or a list", ROUTE("\"room\":\"user:{a|b[]}\""),
     "f:1: either all alternatives end in [] or none\n"},
    {"room twice", ROUTE(ROOM ",\n" ROOM), "f:2: named twice\n"},
    {"rooms that are no list", ROUTE("\"rooms\":\"user:{a}\""), "f:1: \"rooms\" must be a list\n"},
    {"no rooms", ROUTE("\"rooms\":[]"), "f:1: \"rooms\" is empty\n"},
    {"rooms, one of them bad", ROUTE("\"rooms\":[\"user:{a}\",\n\"user\"]"),
     "f:2: a room must hold one {member}, as in \"user:{userId}\"\n"},
    {"seventeen rooms",
     ROUTE("\"rooms\":[" FOUR_ROOMS "," FOUR_ROOMS "," FOUR_ROOMS ",\n" FOUR_ROOMS ",\"{a}\"]"),
     "f:2: more than 16 rooms\n"},
    {"leave without a room", ROUTE("\"leave\":{\"user\":\"{u}\"}"),
     "f:1: \"leave\" and \"join\" need \"user\" and \"room\"\n"},
    {"leave without a user", ROUTE("\"leave\":{\"room\":\"c:{c}\"}"),
     "f:1: \"leave\" and \"join\" need \"user\" and \"room\"\n"},
    {"join without a room", ROUTE("\"join\":{\"user\":\"{u}\"}"),
     "f:1: \"leave\" and \"join\" need \"user\" and \"room\"\n"},
    {"joining the room of everybody", ROUTE("\"join\":{\"user\":\"{u}\",\n\"room\":\"*\"}"),
     "f:2: one room is wanted here\n"},
    {"an action on everybody", ROUTE("\"disconnect\":{\"user\":\"*\"}"),
     "f:1: one user is wanted here, as in \"{userId}\"\n"},
    {"join with a further member", ROUTE("\"join\":{\"user\":\"{u}\",\n\"event\":\"x\"}"),
     "f:2: \"leave\" and \"join\" have \"user\" and \"room\"\n"},
    {"joining many rooms", ROUTE("\"join\":{\"user\":\"{u}\",\n\"room\":\"c:{c[]}\"}"),
     "f:2: one room is wanted here\n"},
    {"joining a user's room", ROUTE("\"join\":{\"user\":\"{u}\",\n\"room\":\"user:{u}\"}"),
     "f:2: a user is always in the room of its own\n"},
    {"leaving and joining", ROUTE("\"leave\":{\"user\":\"{u}\",\"room\":\"c:{c}\"},\n\"join\":{}"),
     "f:2: a route has one action\n"},
    {"leave that is a text", ROUTE("\"leave\":\"{u}\""), "f:1: an object is wanted here\n"},
    {"disconnect without a user", ROUTE("\"disconnect\":{}"),
     "f:1: \"disconnect\" needs \"user\"\n"},
    {"disconnect with a room", ROUTE("\"disconnect\":{\"user\":\"{u}\",\n\"room\":\"c:{c}\"}"),
     "f:2: \"disconnect\" has \"user\"\n"},
    {"the key of events that name their rooms", ROUTE("\"routingKey\":\"gateway.publish\""),
     "f:1: this routing key is kept: \"publish\": true takes it\n"},
    {"two actions", ROUTE("\"disconnect\":{\"user\":\"{u}\"},\n\"leave\":{}"),
     "f:2: a route has one action\n"},
    {"an action on a room", ROUTE("\"disconnect\":{\"user\":\"user:{u}\"}"),
     "f:1: one user is wanted here, as in \"{userId}\"\n"},
    {"an action on many", ROUTE("\"disconnect\":{\"user\":\"{u[]}\"}"),
     "f:1: one user is wanted here, as in \"{userId}\"\n"},
    {"leaving many rooms", ROUTE("\"leave\":{\"user\":\"{u}\",\n\"room\":\"c:{c[]}\"}"),
     "f:2: one room is wanted here\n"},
    {"leaving the own room", ROUTE("\"leave\":{\"user\":\"{u}\",\n\"room\":\"user:{u}\"}"),
     "f:2: a user is always in the room of its own\n"},
    {"an action and half an event", ROUTE(KEY ",\"disconnect\":{\"user\":\"{u}\"}," EVENT),
     "f:1: a route needs routingKey, room or rooms, event and fields\n"},
    {"reserved event name", ROUTE("\"event\":\"disconnect\""),
     "f:1: Socket.IO keeps this event name for itself\n"},
    {"control character in an event name", ROUTE("\"event\":\"a\\u0007\""),
     "f:1: empty, too long, or not plain text\n"},
    {"fields is no list", ROUTE("\"fields\":{}"), "f:1: \"fields\" must be a list\n"},
    {"no fields", ROUTE("\"fields\":[]"), "f:1: \"fields\" is empty\n"},
    {"field is a number", ROUTE("\"fields\":[\n1]"),
     "f:2: a field is a member name or an object\n"},
    {"field without a name", ROUTE("\"fields\":[{\"from\":[\"a\"]}]"),
     "f:1: a field without \"name\"\n"},
    {"field with an unknown member", ROUTE("\"fields\":[{\"name\":\"a\",\n\"form\":[\"b\"]}]"),
     "f:2: a field has \"name\", \"from\", \"default\", \"value\" and \"time\"\n"},
    {"from is no list", ROUTE("\"fields\":[{\"name\":\"a\",\"from\":\"b\"}]"),
     "f:1: \"from\" must be a list of member names\n"},
    {"from is empty", ROUTE("\"fields\":[{\"name\":\"a\",\"from\":[]}]"),
     "f:1: \"from\" is empty\n"},
    {"nine alternatives", ROUTE("\"room\":\"{a|b|c|d|e|f|g|h|i}\""),
     "f:1: more than 8 alternatives\n"},
    {"value and default", ROUTE("\"fields\":[{\"name\":\"a\",\"value\":1,\"default\":2}]"),
     "f:1: \"value\" stands alone, without from, default or time\n"},
    {"default and time", ROUTE("\"fields\":[{\"name\":\"a\",\"time\":true,\"default\":2}]"),
     "f:1: \"default\" and \"time\" exclude one another\n"},
    {"time is a text", ROUTE("\"fields\":[{\"name\":\"a\",\"time\":\"now\"}]"),
     "f:1: true or false is wanted here\n"},
    {"one routing key twice",
     "{\"routes\":[{" KEY "," ROOM "," EVENT "," FIELDS "},\n{" KEY "," ROOM "," EVENT "," FIELDS
     "}]}",
     "f:2: a second route with this routing key\n"},
};

static void refuses(void **state)
{
    const struct bad_case *c = *state;
    struct gateway_file *file = built_in();
    struct span text = exact_copy(span_of(c->text));

    buffer_clear(&errors);
    assert_false(add(file, text));
    assert_span(buffer_span(&errors), c->error);
    free((void *)text.ptr);
    gateway_file_free(file);
}

static void refuses_more_than_fit(void **state)
{
    struct gateway_file *file = built_in();
    struct routes *routes = file->routes;
    struct buffer text = {0};

    (void)state;
    buffer_append(&text, SPAN_LIT("{\"routes\":["));
    for (int i = 0; i < ROUTES_MAX; i++)
        buffer_printf(&text, "%s{\"routingKey\":\"k%d\"," ROOM "," EVENT "," FIELDS "}",
                      i > 0 ? "," : "", i);
    buffer_append(&text, SPAN_LIT("]}"));
    assert_false(add(file, buffer_span(&text)));
    assert_span(buffer_span(&errors), "f:1: more than 64 routes\n");
    assert_int_equal(routes->count, ROUTES_MAX);
    buffer_fini(&text);
    gateway_file_free(file);
}

static void reads_a_file(void **state)
{
    char path[] = "/tmp/test_routes_XXXXXX";
    static const char text[] = ROUTE(KEY "," ROOM "," EVENT "," FIELDS);
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    struct gateway_file *file = load(path, "websocket.");
    unlink(path);
    assert_non_null(file);
    assert_int_equal(file->routes->count, 4);
    gateway_file_free(file);
}

static void names_a_file_that_is_not_there(void **state)
{
    (void)state;
    assert_null(load("/nowhere/routes.json", "websocket."));
    assert_span(buffer_span(&errors),
                "/nowhere/routes.json:1: cannot be read: No such file or directory\n");
}

static int forget_errors(void **state)
{
    (void)state;
    buffer_fini(&errors);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test_setup(has_the_built_in_routes, set_up),
        cmocka_unit_test_setup(adds_a_route, set_up),
        cmocka_unit_test_setup(reads_several_rooms, set_up),
        cmocka_unit_test_setup(reads_actions, set_up),
        cmocka_unit_test_setup(keeps_the_routes_in_order, set_up),
        cmocka_unit_test_setup(names_queues_with_the_prefix, set_up),
        cmocka_unit_test_setup(replaces_a_built_in_route, set_up),
        cmocka_unit_test_setup(refuses_more_than_fit, set_up),
        cmocka_unit_test_setup(reads_a_file, set_up),
        cmocka_unit_test_setup(names_a_file_that_is_not_there, set_up),
    };
    struct CMUnitTest tests[ARRAY_LEN(bad_cases) + ARRAY_LEN(others)];
    size_t count = 0;

    ADD_ROWS(tests, count, bad_cases, refuses);
    memcpy(tests + count, others, sizeof(others));
    return cmocka_run_group_tests_name("routes_file", tests, NULL, forget_errors);
}
