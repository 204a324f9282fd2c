#include "common/gateway_file/gateway_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define TYPE(members) "{\"rooms\":{\"team\":{" members "}}}"
#define NAMED(name)   "{\"rooms\":{\n\"" name "\":{}}}"
#define URL           "\"url\":\"http://order:4005\""
#define PATH          "\"path\":\"/api/orders/{id}\""
#define TO(room)      "{\"routingKey\":\"k\",\"event\":\"e\",\"fields\":[\"f\"],\n\"room\":\"" room "\"}"
#define OTHER_MEMBER                                                                               \
    "a type of rooms has \"join\", \"url\", \"path\", \"onConnect\", \"announce\", "               \
    "\"presence\" and \"announceCount\"\n"
#define NO_NAME       "the name of a type has 1 to 64 letters, digits, and any of . _ -\n"
#define NO_EVENT      "the name of an event has 1 to 64 letters, digits, and any of . _ - :\n"
#define SENT(members) "{\"clientEvents\":{\"a\":{" members "}}}"
#define PUBLISH       "\"publish\":{\"exchange\":\"fleet\",\"routingKey\":\"client.location\"}"
#define TOGETHER      "\"room\": true and \"as\" belong together\n"
#define NO_AMQP_NAME  "empty, too long, or not plain text\n"
#define NEEDS_BOTH    "\"publish\" needs \"exchange\" and \"routingKey\"\n"
#define NO_TYPE                                                                                    \
    "nobody can be in this room: \"rooms\" of the gateway file has no type of its name\n"
#define NO_CLAIM                                                                                   \
    "\"onConnect\" is a room of this type with a claim as its id, as in "                          \
    "\"team\": {\"onConnect\": \"team:{claims.teamId}\"}\n"
#define TEN        "0123456789"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "0123"

static struct buffer errors;

static int set_up(void **state)
{
    (void)state;
    buffer_clear(&errors);
    return 0;
}

static struct gateway_file *parse(struct span text)
{
    return gateway_file_parse(&(struct file_reader){text, "f", &errors}, "websocket.");
}

static void has_the_built_in_types(void **state)
{
    struct gateway_file *file =
        gateway_file_load(&(struct gateway_file_options){.queue_prefix = "websocket."}, &errors);
    static const char *const names[] = {"conversation", "notification"};

    (void)state;
    assert_non_null(file);
    assert_int_equal(file->rooms->count, ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct room_type *type = room_types_find(file->rooms, span_of(names[i]));
        assert_non_null(type);
        assert_int_equal(type->join, ROOM_JOIN_AS_SET);
        assert_null(type->url);
        assert_null(type->path);
        assert_null(type->claim);
        assert_false(type->silent);
    }
    gateway_file_free(file);
}

static void reads_types(void **state)
{
    struct span text = exact_copy(SPAN_LIT("{\"events\":[" TO(
        "order:{id}") "],\"rooms\":{\"order\":{\"join\":\"service\"," URL "," PATH
                      ",\"announce\":true},\n\"lobby\":{\"join\":\"\\u006fpen\",\"announce\":"
                      "false},\n\"team\":{\"join\":\"none\",\"onConnect\":\"team:{claims.a.b}\"}}"
                      "}"));
    struct gateway_file *file = parse(text);

    (void)state;
    free((void *)text.ptr); // nothing refers to the text
    assert_non_null(file);
    const struct room_type *order = room_types_of(file->rooms, SPAN_LIT("order:1:2"));
    const struct room_type *lobby = room_types_find(file->rooms, SPAN_LIT("lobby"));
    const struct room_type *team = room_types_find(file->rooms, SPAN_LIT("team"));

    assert_int_equal(order->join, ROOM_JOIN_SERVICE);
    assert_string_equal(order->url, "http://order:4005");
    assert_string_equal(order->path, "/api/orders/{id}");
    assert_false(order->silent);
    assert_int_equal(lobby->join, ROOM_JOIN_OPEN);
    assert_true(lobby->silent);
    assert_int_equal(lobby->line, 3);
    assert_int_equal(team->join, ROOM_JOIN_NONE);
    assert_string_equal(team->claim, "a.b");
    assert_null(room_types_of(file->rooms, SPAN_LIT("order")));
    assert_null(room_types_of(file->rooms, SPAN_LIT("user:1")));
    assert_int_equal(file->routes->count, 1);
    gateway_file_free(file);
}

struct good_case {
    const char *name;
    const char *text;
};

#define INTO(room) "{\"routingKey\":\"i\",\"join\":{\"user\":\"{u}\",\"room\":\"" room "\"}}"

#define NOBODY                                                                                     \
    "nobody can be in a room of this event: its type has \"join\": \"none\" and no "               \
    "\"onConnect\", "                                                                              \
    "and no event has a \"join\" into it\n"

static const struct good_case good_cases[] = {
    {"an empty file", "{}"},
    {"no types", "{\"rooms\":{}}"},
    {"no events", "{\"events\":[]}"},
    {"a type without members", TYPE("")},
    {"a long name", "{\"rooms\":{\"" SIXTY_FOUR "\":{}}}"},
    {"all characters of names", "{\"rooms\":{\"aZ0._-\":{}}}"},
    {"a service as the setting says", TYPE(URL "," PATH)},
    {"a service of a type with settings", "{\"rooms\":{\"conversation\":{\"join\":\"service\"}}}"},
    {"only the path of a type with settings", "{\"rooms\":{\"notification\":{" PATH "}}}"},
    {"a claim with a URL as its name", TYPE("\"onConnect\":\"team:{claims.https://a.b/c}\"")},
    {"client events",
     "{\"clientEvents\":{\"cursor:move\":{\"room\":true,\"as\":\"b\",\"maxBytes\":65536,"
     "\"perSecond\":100},\"c\":{\"as\":\"b\",\"room\":true}}}"},
    {"no client events", "{\"clientEvents\":{}}"},
    {"presence of users", "{\"users\":{\"presence\":true,\"graceSeconds\":300}}"},
    {"events of users",
     "{\"users\":{\"events\":{\"exchange\":\"a\",\"connected\":\"b\",\"disconnected\":\"c\"},"
     "\"presence\":true}}"},
    {"nothing of users", "{\"users\":{}}"},
    {"no grace", "{\"users\":{\"graceSeconds\":0}}"},
    {"presence of rooms", TYPE("\"presence\":true")},
    {"a number that is told", TYPE("\"announceCount\":true,\"presence\":true")},
    {"a number that is not told", TYPE("\"announceCount\":false")},
    {"a client event to services", SENT(PUBLISH)},
    {"a client event to services and a room", SENT(PUBLISH ",\"room\":true,\"as\":\"b\"")},
    {"a user's room", "{\"events\":[" TO("user:{id}") "]}"},
    {"a room that tokens name", "{\"rooms\":{\"side\":{\"join\":\"none\",\"onConnect\":"
                                "\"side:{claims.s}\"}},\"events\":[" TO("side:{id}") "]}"},
    {"a room that an event lets into", "{\"rooms\":{\"side\":{\"join\":\"none\"}},\"events\":[" TO(
                                           "side:{id}") "," INTO("side:{id}") "]}"},
    {"a room that an event may let into", "{\"rooms\":{\"side\":{\"join\":\"none\"}},"
                                          "\"events\":[" TO("side:{id}") "," INTO("{room}") "]}"},
    {"a room that is only left", "{\"rooms\":{\"side\":{\"join\":\"none\"}},\"events\":[{"
                                 "\"routingKey\":\"l\",\"leave\":{\"user\":\"{u}\",\"room\":"
                                 "\"side:{id}\"}}]}"},
    {"a room whose type is in the body", "{\"events\":[" TO("{room}") "]}"},
};

static void accepts(void **state)
{
    const struct good_case *c = *state;
    struct gateway_file *file = parse(span_of(c->text));

    assert_span(buffer_span(&errors), "");
    assert_non_null(file);
    gateway_file_free(file);
}

struct bad_case {
    const char *name;
    const char *text;
    const char *error;
};

static const struct bad_case bad_cases[] = {
    {"empty file", "", "f:1: unexpected end\n"},
    {"not JSON", "{\n\n  rooms\n}", "f:3: a member name in quotes must follow\n"},
    {"no object", "[]", "f:1: the file must be an object with \"rooms\" and \"events\"\n"},
    {"unknown member", "{\n\"routes\":[]}",
     "f:2: the file has \"rooms\", \"events\", \"clientEvents\", \"users\" and \"publish\"\n"},
    {"publish that is a number", "{\"publish\":\n1}", "f:2: true or false is wanted here\n"},
    {"a member twice", "{\"rooms\":{},\n\"rooms\":{}}", "f:2: named twice\n"},
    {"types in a list", "{\"rooms\":\n[]}", "f:2: \"rooms\" must be an object\n"},
    {"events in an object", "{\"events\":\n{}}", "f:2: a list of routes is wanted here\n"},
    {"a wrong route", "{\"events\":[\n1]}", "f:2: a route must be an object\n"},
    {"a type that is no object", "{\"rooms\":{\"a\":\n\"open\"}}",
     "f:2: a type of rooms must be an object\n"},
    {"a type without a name", NAMED(""), "f:2: " NO_NAME},
    {"a long name", NAMED(SIXTY_FOUR "4"), "f:2: " NO_NAME},
    {"a colon in a name", NAMED("a:b"), "f:2: " NO_NAME},
    {"a blank in a name", NAMED("a b"), "f:2: " NO_NAME},
    {"a name that is not ASCII", NAMED("caf\xc3\xa9"), "f:2: " NO_NAME},
    {"an escape in a name", NAMED("\\u0061"), "f:2: " NO_NAME},
    {"the users' type", NAMED("user"),
     "f:2: \"user\" is kept: each user is in a room of this type\n"},
    {"a type twice", "{\"rooms\":{\"a\":{},\n\"a\":{}}}", "f:2: a second type with this name\n"},
    {"unknown member of a type", TYPE("\n\"joins\":\"open\""), "f:2: " OTHER_MEMBER},
    {"a member of a type twice", TYPE("\"join\":\"open\",\n\"join\":\"open\""),
     "f:2: named twice\n"},
    {"unknown join", TYPE("\n\"join\":\"opened\""),
     "f:2: \"join\" is \"open\", \"claims\", \"service\" or \"none\"\n"},
    {"join that is null", TYPE("\n\"join\":null"),
     "f:2: \"join\" is \"open\", \"claims\", \"service\" or \"none\"\n"},
    {"service without a URL", TYPE("\"join\":\"service\""),
     "f:1: \"join\": \"service\" needs \"url\" and \"path\"\n"},
    {"URL without a path", TYPE("\"join\":\"service\"," URL),
     "f:1: \"url\" and \"path\" belong together\n"},
    {"path without a URL", TYPE(PATH), "f:1: \"url\" and \"path\" belong together\n"},
    {"URL of an open type", TYPE("\"join\":\"open\"," URL "," PATH),
     "f:1: \"url\" and \"path\" are for \"join\": \"service\"\n"},
    {"path of a type that nobody asks for",
     "{\"rooms\":{\"conversation\":\n{\"join\":\"none\"," PATH "}}}",
     "f:2: \"url\" and \"path\" are for \"join\": \"service\"\n"},
    {"URL of another scheme", TYPE("\n\"url\":\"ftp://order\""),
     "f:2: it does not begin with http:// or https:// and a host\n"},
    {"URL with a password", TYPE("\n\"url\":\"http://a:b@order\""),
     "f:2: it has a user or a password\n"},
    {"URL that is a number", TYPE("\n\"url\":1"), "f:2: a string is wanted here\n"},
    {"path without a place", TYPE("\n\"path\":\"/api/orders\""),
     "f:2: \"path\" must be a path with one {id} in it, like /api/rooms/{id}\n"},
    {"empty path", TYPE("\n\"path\":\"\""), "f:2: empty, too long, or not plain text\n"},
    {"onConnect of another type", TYPE("\n\"onConnect\":\"org:{claims.id}\""), "f:2: " NO_CLAIM},
    {"onConnect without a claim", TYPE("\n\"onConnect\":\"team:{claims.}\""), "f:2: " NO_CLAIM},
    {"onConnect without a place", TYPE("\n\"onConnect\":\"team:all\""), "f:2: " NO_CLAIM},
    {"onConnect with text behind", TYPE("\n\"onConnect\":\"team:{claims.a}b\""), "f:2: " NO_CLAIM},
    {"onConnect with two claims", TYPE("\n\"onConnect\":\"team:{claims.a}{claims.b}\""),
     "f:2: " NO_CLAIM},
    {"onConnect with a long claim", TYPE("\n\"onConnect\":\"team:{claims." SIXTY_FOUR "4}\""),
     "f:2: " NO_CLAIM},
    {"onConnect that is a list", TYPE("\n\"onConnect\":[]"), "f:2: a string is wanted here\n"},
    {"announce that is a text", TYPE("\n\"announce\":\"yes\""),
     "f:2: true or false is wanted here\n"},
    {"presence that is a text", TYPE("\n\"presence\":\"yes\""),
     "f:2: true or false is wanted here\n"},
    {"a number that is told and not known", TYPE("\"announceCount\":true"),
     "f:1: \"announceCount\" needs \"presence\": true\n"},
    {"users in a list", "{\"users\":\n[]}", "f:2: \"users\" must be an object\n"},
    {"unknown member of users", "{\"users\":{\n\"online\":true}}",
     "f:2: \"users\" has \"presence\", \"graceSeconds\" and \"events\"\n"},
    {"events of users in a list", "{\"users\":{\"presence\":true,\"events\":\n[]}}",
     "f:2: \"events\" of users must be an object\n"},
    {"unknown event of users", "{\"users\":{\"presence\":true,\"events\":{\n\"online\":\"a\"}}}",
     "f:2: \"events\" of users has \"exchange\", \"connected\" and \"disconnected\"\n"},
    {"events of users without an exchange",
     "{\"users\":{\"presence\":true,\"events\":\n{\"connected\":\"a\"}}}",
     "f:2: \"events\" of users needs \"exchange\"\n"},
    {"an exchange without a name",
     "{\"users\":{\"presence\":true,\"events\":{\"exchange\":\n\"\"}}}",
     "f:2: empty, too long, or not plain text\n"},
    {"events of users that are not kept", "{\"users\":\n{\"events\":{\"exchange\":\"a\"}}}",
     "f:2: \"events\" of users need \"presence\": true\n"},
    {"presence of users that is a number", "{\"users\":{\"presence\":\n1}}",
     "f:2: true or false is wanted here\n"},
    {"a grace below 0", "{\"users\":{\"graceSeconds\":\n-1}}",
     "f:2: \"graceSeconds\" is a number from 0 to 300\n"},
    {"a long grace", "{\"users\":{\"graceSeconds\":\n301}}",
     "f:2: \"graceSeconds\" is a number from 0 to 300\n"},
    {"a grace with a fraction", "{\"users\":{\"graceSeconds\":\n1.5}}",
     "f:2: \"graceSeconds\" is a number from 0 to 300\n"},
    {"client events in a list", "{\"clientEvents\":\n[]}",
     "f:2: \"clientEvents\" must be an object\n"},
    {"a client event that is no object", "{\"clientEvents\":{\"a\":\n1}}",
     "f:2: an event of clients must be an object\n"},
    {"unknown member of a client event", SENT("\n\"rooms\":true"),
     "f:2: an event of clients has \"room\", \"as\", \"publish\", \"maxBytes\" and "
     "\"perSecond\"\n"},
    {"a client event to no room", SENT("\"as\":\"b\""), "f:1: " TOGETHER},
    {"a client event without a name for others", SENT("\"room\":true"), "f:1: " TOGETHER},
    {"a client event to services, with a name for others", SENT(PUBLISH ",\"as\":\"b\""),
     "f:1: " TOGETHER},
    {"a client event to services and a room, without a name", SENT(PUBLISH ",\"room\":true"),
     "f:1: " TOGETHER},
    {"a client event to nobody", SENT("\"maxBytes\":1"),
     "f:1: an event of clients needs \"room\": true and \"as\", or \"publish\"\n"},
    {"room that is false", SENT("\n\"room\":false"), "f:2: an event goes to a \"room\": true\n"},
    {"room that is a text", SENT("\n\"room\":\"a\""), "f:2: true or false is wanted here\n"},
    {"publish that is a text", SENT("\n\"publish\":\"fleet\""),
     "f:2: \"publish\" must be an object\n"},
    {"publish to nowhere", SENT("\n\"publish\":{}"), "f:2: " NEEDS_BOTH},
    {"publish without a routing key", SENT("\n\"publish\":{\"exchange\":\"a\"}"),
     "f:2: " NEEDS_BOTH},
    {"publish without an exchange", SENT("\n\"publish\":{\"routingKey\":\"a\"}"),
     "f:2: " NEEDS_BOTH},
    {"publish to the default exchange, which is any queue",
     SENT("\"publish\":{\n\"exchange\":\"\",\"routingKey\":\"a\"}"), "f:2: " NO_AMQP_NAME},
    {"publish with a long routing key",
     SENT("\"publish\":{\"exchange\":\"a\",\n\"routingKey\":\"" SIXTY_FOUR SIXTY_FOUR SIXTY_FOUR
              SIXTY_FOUR "\"}"),
     "f:2: " NO_AMQP_NAME},
    {"publish with a zero byte",
     SENT("\"publish\":{\"exchange\":\"a\",\n\"routingKey\":\"a\\u0000\"}"), "f:2: " NO_AMQP_NAME},
    {"publish by the key of events that name their rooms",
     SENT("\"publish\":{\"exchange\":\"a\",\n\"routingKey\":\"gateway.publish\"}"),
     "f:2: this routing key is kept for services\n"},
    {"publish with another member",
     SENT("\"publish\":{\"exchange\":\"a\",\"routingKey\":\"b\",\n\"mandatory\":true}"),
     "f:2: \"publish\" has \"exchange\" and \"routingKey\"\n"},
    {"a client event that is published as a service's",
     "{\"events\":[" TO("user:{id}") "],\n\"clientEvents\":{\"x\":{\"publish\":{\"exchange\":\"a\","
                                     "\"routingKey\":\"k\"}}}}",
     "f:3: services publish events by the \"routingKey\" of \"publish\"\n"},
    {"no bytes", SENT("\n\"maxBytes\":0"), "f:2: \"maxBytes\" is a number from 1 to 65536\n"},
    {"too many bytes", SENT("\n\"maxBytes\":65537"),
     "f:2: \"maxBytes\" is a number from 1 to 65536\n"},
    {"bytes that are a text", SENT("\n\"maxBytes\":\"1\""),
     "f:2: \"maxBytes\" is a number from 1 to 65536\n"},
    {"no rate", SENT("\n\"perSecond\":0"), "f:2: \"perSecond\" is a number from 1 to 100\n"},
    {"a fraction of a rate", SENT("\n\"perSecond\":1.5"),
     "f:2: \"perSecond\" is a number from 1 to 100\n"},
    {"a rate below nothing", SENT("\n\"perSecond\":-1"),
     "f:2: \"perSecond\" is a number from 1 to 100\n"},
    {"a client event of the gateway", "{\"clientEvents\":{\n\"typing\":{}}}",
     "f:2: the gateway has an event of this name\n"},
    {"a client event of Socket.IO", "{\"clientEvents\":{\n\"disconnect\":{}}}",
     "f:2: Socket.IO keeps this event name for itself\n"},
    {"a client event that passes for the gateway's", SENT("\n\"as\":\"token_expired\""),
     "f:2: the gateway has an event of this name\n"},
    {"a client event that passes for a service's",
     "{\"events\":[" TO("user:{id}") "],\n\"clientEvents\":{\"x\":{\"room\":true,\"as\":\"e\"}}}",
     "f:3: services send an event of the name that \"as\" gives\n"},
    {"a room for nobody",
     "{\"rooms\":{\"side\":{\"join\":\"none\"}},\n\"events\":[" TO("side:{id}") "]}",
     "f:2: " NOBODY},
    {"a room for nobody, before its type",
     "{\"events\":[\n" TO("side:{id}") "],\"rooms\":{\"side\":{\"join\":\"none\"}}}",
     "f:2: " NOBODY},
    {"a room for nobody, and a join into another",
     "{\"rooms\":{\"side\":{\"join\":\"none\"},\"open\":{}},\n\"events\":[" TO(
         "side:{id}") "," INTO("open:{id}") "]}",
     "f:2: " NOBODY},
    {"a blank in the name of a client event", "{\"clientEvents\":{\n\"a b\":{}}}",
     "f:2: " NO_EVENT},
    {"a client event without a name", "{\"clientEvents\":{\n\"\":{}}}", "f:2: " NO_EVENT},
    {"a long name of a client event", "{\"clientEvents\":{\n\"" SIXTY_FOUR "4\":{}}}",
     "f:2: " NO_EVENT},
    {"a client event twice", "{\"clientEvents\":{\"a\":{\"room\":true,\"as\":\"b\"},\n\"a\":{}}}",
     "f:2: a second event with this name\n"},
    {"a room without a type", "{\"events\":[" TO("order:{id}") "]}", "f:2: " NO_TYPE},
};

static void refuses(void **state)
{
    const struct bad_case *c = *state;
    struct span text = exact_copy(span_of(c->text));

    assert_null(parse(text));
    assert_span(buffer_span(&errors), c->error);
    free((void *)text.ptr);
}

static void refuses_more_types_than_64(void **state)
{
    struct buffer text = {0};

    (void)state;
    buffer_append(&text, SPAN_LIT("{\"rooms\":{"));
    for (int i = 0; i <= ROOM_TYPES_MAX; i++)
        buffer_printf(&text, "%s\n\"t%d\":{}", i > 0 ? "," : "", i);
    buffer_append(&text, SPAN_LIT("}}"));
    assert_null(parse(buffer_span(&text)));
    assert_span(buffer_span(&errors), "f:66: more than 64 types of rooms\n");
    buffer_fini(&text);
}

static void names_a_file_that_is_not_there(void **state)
{
    (void)state;
    assert_null(gateway_file_load(&(struct gateway_file_options){.path = "/nowhere/gateway.json",
                                                                 .queue_prefix = "websocket."},
                                  &errors));
    assert_span(buffer_span(&errors),
                "/nowhere/gateway.json:1: cannot be read: No such file or directory\n");
}

#define ADDED(members) "{\"routes\":[" members "]}"
#define NAMES(event)                                                                               \
    "{\"routingKey\":\"k\",\"fields\":[\"f\"],\"room\":\"user:{id}\",\n\"event\":\"" event "\"}"
#define SIDE "\"side\":{\"join\":\"none\"}"
#define ENTER(key)                                                                                 \
    "{\"routingKey\":\"" key "\",\"join\":{\"user\":\"{id}\",\"room\":\"side:{id}\"}}"

struct added_case {
    const char *name;
    const char *file, *routes; // the texts of both files; no file: the built-in one
    const char *error;         // behind the path of the second; NULL: none
};

#define DRAWS "{\"clientEvents\":{\"drawing\":{\"room\":true,\"as\":\"user_drawing\"}}}"

static const struct added_case added_cases[] = {
    {"another event", DRAWS, ADDED(NAMES("moved")), NULL},
    {"the name that clients send", DRAWS, ADDED(NAMES("drawing")), NULL},
    {"the name that members get", DRAWS, ADDED(NAMES("user_drawing")),
     ":2: clients send an event of this name: an \"as\" of \"clientEvents\" gives it\n"},
    {"a room of a type", "{\"rooms\":{\"order\":{}}}", ADDED(TO("order:{id}")), NULL},
    {"a room of a built-in type", NULL, ADDED(TO("conversation:{id}")), NULL},
    {"a room whose type is in the body", NULL, ADDED(TO("{id}")), NULL},
    {"a room without a type", "{\"rooms\":{\"order\":{}}}", ADDED(TO("conversation:{id}")),
     ":2: " NO_TYPE},
    {"a room without a built-in type", NULL, ADDED(TO("order:{id}")), ":2: " NO_TYPE},
    {"a second room without a type", NULL,
     ADDED("{\"routingKey\":\"k\",\"event\":\"e\",\"fields\":[\"f\"],\"rooms\":[\"user:{id}\",\n"
           "\"order:{id}\"]}"),
     ":2: " NO_TYPE},
    {"an action on a room without a type", NULL, ADDED("\n" ENTER("in")), ":2: " NO_TYPE},
    {"a room for nobody", "{\"rooms\":{" SIDE "}}", ADDED("\n" TO("side:{id}")), ":2: " NOBODY},
    {"a room that its own join fills", "{\"rooms\":{" SIDE "}}",
     ADDED(TO("side:{id}") "," ENTER("in")), NULL},
    {"a room that a join of the gateway file fills",
     "{\"rooms\":{" SIDE "},\"events\":[" ENTER("in") "]}", ADDED(TO("side:{id}")), NULL},
    {"the join of the gateway file is replaced, its own event stays in the room",
     "{\"rooms\":{" SIDE "},\"events\":[" ENTER("in") "]}",
     ADDED("\n" TO("side:{id}") ",{\"routingKey\":\"in\",\"disconnect\":{\"user\":\"{id}\"}}"),
     ":2: " NOBODY},
    {"the join of the gateway file is replaced, and an event of that file stays in the room",
     "{\"rooms\":{" SIDE "},\"events\":[" TO("side:{id}") "," ENTER("in") "]}",
     ADDED("{\"routingKey\":\"in\",\n\"disconnect\":{\"user\":\"{id}\"}}"),
     ":1: nobody can be in a room of an event of the gateway file any more: a route of this file "
     "replaces the event with the \"join\" into it\n"},
    {"the join and the event of the gateway file are replaced",
     "{\"rooms\":{" SIDE "},\"events\":[" TO("side:{id}") "," ENTER("in") "]}",
     ADDED(TO("user:{id}") ",{\"routingKey\":\"in\",\"disconnect\":{\"user\":\"{id}\"}}"), NULL},
};

// The path is a pattern for mkstemp().
static void write_file(char *path, struct span text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), text.len);
    close(fd);
}

static void checks_the_routes_of_another_file(void **state)
{
    const struct added_case *c = *state;
    char path[] = "/tmp/test_gateway_XXXXXX", routes_path[] = "/tmp/test_routes_XXXXXX";
    struct buffer error = {0};

    if (c->file)
        write_file(path, span_of(c->file));
    write_file(routes_path, span_of(c->routes));
    struct gateway_file *file =
        gateway_file_load(&(struct gateway_file_options){.path = c->file ? path : NULL,
                                                         .routes_path = routes_path,
                                                         .queue_prefix = "websocket."},
                          &errors);
    unlink(path);
    unlink(routes_path);
    if (c->error)
        buffer_printf(&error, "%s%s", routes_path, c->error);
    assert_bytes(buffer_span(&errors), buffer_span(&error));
    assert_int_equal(file == NULL, c->error != NULL);
    gateway_file_free(file);
    buffer_fini(&error);
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
        cmocka_unit_test_setup(has_the_built_in_types, set_up),
        cmocka_unit_test_setup(reads_types, set_up),
        cmocka_unit_test_setup(refuses_more_types_than_64, set_up),
        cmocka_unit_test_setup(names_a_file_that_is_not_there, set_up),
    };
    struct CMUnitTest tests[ARRAY_LEN(good_cases) + ARRAY_LEN(bad_cases) + ARRAY_LEN(added_cases) +
                            ARRAY_LEN(others)];
    size_t count = 0;

    ADD_ROWS(tests, count, good_cases, accepts);
    ADD_ROWS(tests, count, bad_cases, refuses);
    ADD_ROWS(tests, count, added_cases, checks_the_routes_of_another_file);
    for (size_t i = 0; i < count; i++)
        tests[i].setup_func = set_up;
    memcpy(tests + count, others, sizeof(others));
    return cmocka_run_group_tests_name("gateway_file", tests, NULL, forget_errors);
}
