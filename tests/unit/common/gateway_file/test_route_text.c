#include "common/gateway_file/route_text.h"

#include "common/gateway_file/gateway_file.h"
#include "tests/unit/unit.h"

#define TIME "\"2024-11-17T10:00:00.000Z\""

struct route_case {
    const char *name;
    const char *route; // its members but for the routing key
    const char *rooms, *body, *event;
};

// clang-format off
static const struct route_case cases[] = {
    {"a room", "\"room\":\"a:{id}:z\",\"event\":\"e\",\"fields\":[\"id\"]",
     "a:{id}:z", "{\"id\":\"42\"}", "{\"id\":\"42\"}"},
    {"alternatives: the first", "\"room\":\"user:{userId|guestId}\",\"event\":\"e\","
     "\"fields\":[{\"name\":\"to\",\"from\":[\"guestId\",\"x\"]}]",
     "user:{userId|guestId}", "{\"userId\":\"traveller-1\",\"guestId\":\"guest-1\"}",
     "{\"to\":\"guest-1\"}"},
    {"several rooms", "\"rooms\":[\"a:{id}\",\"user:{w[]|v[]}\"],\"event\":\"e\",\"fields\":[\"id\"]",
     "a:{id} user:{w[]|v[]}", "{\"id\":\"42\",\"w\":[\"traveller-1\"]}", "{\"id\":\"42\"}"},
    {"everybody", "\"rooms\":[\"a:{id}\",\"*\"],\"event\":\"e\",\"fields\":[\"id\"]",
     "a:{id} *", "{\"id\":\"42\"}", "{\"id\":\"42\"}"},
    {"words", "\"room\":\"a:{id}\",\"event\":\"e\",\"fields\":[\"status\",\"senderId\"]",
     "a:{id}", "{\"id\":\"42\",\"status\":\"some status\",\"senderId\":\"sender-1\"}",
     "{\"status\":\"some status\",\"senderId\":\"sender-1\"}"},
    {"a default, a value, the time", "\"room\":\"a:{id}\",\"event\":\"e\",\"fields\":["
     "{\"name\":\"d\",\"default\":[1]},{\"name\":\"v\",\"value\":{}},{\"name\":\"t\",\"time\":true}]",
     "a:{id}", "{\"id\":\"42\",\"d\":[1],\"t\":" TIME "}", "{\"d\":[1],\"v\":{},\"t\":" TIME "}"},
    {"a field twice", "\"room\":\"a:{id}\",\"event\":\"e\",\"fields\":[\"x\","
     "{\"name\":\"x\",\"value\":1}]",
     "a:{id}", "{\"id\":\"42\",\"x\":\"some x\"}", "{\"x\":1}"},
    {"an action", "\"leave\":{\"user\":\"{userId}\",\"room\":\"a:{id}\"}",
     NULL, "{\"userId\":\"traveller-1\",\"id\":\"42\"}", NULL},
    {"an action that lets in", "\"join\":{\"user\":\"{userId}\",\"room\":\"a:{id}\"}",
     NULL, "{\"userId\":\"traveller-1\",\"id\":\"42\"}", NULL},
    {"an action without a room", "\"disconnect\":{\"user\":\"{userId}\"}",
     NULL, "{\"userId\":\"traveller-1\"}", NULL},
};
// clang-format on

static struct gateway_file *file_of(const struct route_case *c)
{
    struct buffer text = {0}, errors = {0};
    struct file_reader r = {.path = "test", .errors = &errors};

    buffer_printf(&text, "{\"rooms\":{\"a\":{}},\"events\":[{\"routingKey\":\"k\",%s}]}", c->route);
    r.text = buffer_span(&text);
    struct gateway_file *file = gateway_file_parse(&r, "q.");
    if (!file)
        fail_msg("%s", errors.ptr);
    buffer_fini(&text);
    buffer_fini(&errors);
    return file;
}

static void assert_rooms(const struct route *route, const char *expected)
{
    struct buffer out = {0};

    for (size_t i = 0; i < route->room_count; i++) {
        buffer_append(&out, i == 0 ? SPAN_LIT("") : SPAN_LIT(" "));
        route_text_room(route, &route->rooms[i], &out);
    }
    if (expected)
        assert_string_equal(out.ptr, expected);
    buffer_fini(&out);
}

static void writes_samples(void **state)
{
    const struct route_case *c = *state;
    struct gateway_file *file = file_of(c);
    const struct route *route = &file->routes->items[0];
    struct buffer out = {0};

    assert_rooms(route, c->rooms);
    route_text_body(route, &out);
    assert_string_equal(out.ptr, c->body);
    buffer_clear(&out);
    if (c->event) {
        route_text_event(route, &out);
        assert_string_equal(out.ptr, c->event);
    }
    buffer_fini(&out);
    gateway_file_free(file);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, cases, writes_samples);
    return cmocka_run_group_tests_name("route_text", tests, NULL, NULL);
}
