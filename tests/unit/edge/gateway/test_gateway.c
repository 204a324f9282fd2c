// The whole gateway as dialogues of up to three clients on WebSockets, with a bus that only
// writes down what it is asked. Time of day is the real one.
#include <stdio.h>

#include "edge/socketio/options.h"
#include "tests/unit/fake_authority.h"
#include "tests/unit/file_maker.h"
#include "tests/unit/gateway_stage.h"

static struct fake_authority authority;
static struct gateway_file *file;
static bool drained, following;

static void on_drain(void *arg)
{
    (void)arg;
    drained = true;
}

static void on_following(void *arg)
{
    (void)arg;
    following = true;
}

static void print_metrics(struct buffer *out, void *arg)
{
    (void)arg;
    buffer_append(out, SPAN_LIT("a_metric 1\n"));
}

static void make_gateway(enum room_join join, bool allow_anonymous)
{
    file = hometrip_file(join);
    struct gateway_options options = stage_options(file, &authority.authority);
    const struct gateway_handlers handlers = {
        .on_drain = on_drain, .on_following = on_following, .print_metrics = print_metrics};

    options.socketio.engine.allow_eio3 = true;
    options.token.keep_rooms = true;
    options.token.keep_token = join == ROOM_JOIN_SERVICE;
    options.allow_anonymous = allow_anonymous;
    options.max_sockets_per_user = 2;
    options.console_enabled = options.metrics_enabled = options.metrics_rooms = true;
    options.event_bus_host = "rabbit";
    options.event_bus_port = 5672;
    stage_begin(&options, &handlers);
}

static void begin(enum room_join join, bool allow_anonymous)
{
    drained = following = false;
    fake_authority_init(&authority);
    make_gateway(join, allow_anonymous);
    assert_false(following);
    bus.bus.handlers.on_newest(0, (struct position){1, 5}, bus.bus.handlers.arg);
    assert_true(following);
    buffer_clear(&bus.asked);
}

static void end(void)
{
    stage_end();
    gateway_file_free(file);
    fake_authority_fini(&authority);
}

static void connect_with(int who, const char *payload)
{
    connect_peer(who, "", payload);
}

#define ROOM(type, id) "{\"roomType\":\"" type "\",\"roomId\":" id "}"
#define C1             ROOM("conversation", "\"c1\"")

#define DRAWN(data) "{\"roomType\":\"conversation\",\"roomId\":\"c1\",\"data\":" data "}"

// ---- one client's requests and the acks

struct request_row {
    const char *name;
    const char *says[4];
    const char *hears; // after the last
    const char *asked; // of the bus, by all
};

#define JOINED "publish 0 conversation:c1 user_joined; "

// clang-format off
static const struct request_row requests[] = {
    {"join", {"421[\"join_room\"," C1 "]"}, "431[{\"success\":true,\"message\":\"Joined room: conversation:c1\"}]|", JOINED},
    {"join without an ack", {"42[\"join_room\"," C1 "]"}, "", JOINED},
    {"join twice", {"42[\"join_room\"," C1 "]", "421[\"join_room\"," C1 "]"}, "431[{\"success\":true,\"message\":\"Joined room: conversation:c1\"}]|", JOINED},
    {"ack id 0", {"420[\"join_room\"," C1 "]"}, "430[{\"success\":true,*", JOINED},
    {"quotes in a room", {"421[\"join_room\"," ROOM("conversation", "\"a\\\"b\"") "]"}, "431[{\"success\":true,\"message\":\"Joined room: conversation:a\\\"b\"}]|", "*"},
    {"an error", {"421[\"join_room\",{}]"}, "431[{\"error\":\"Missing roomType or roomId\"}]|", ""},
    {"an error without an ack", {"42[\"join_room\",{}]"}, "", ""},
    {"too many rooms", {"42[\"join_room\"," ROOM("conversation", "1") "]", "42[\"join_room\"," ROOM("conversation", "2") "]", "421[\"join_room\"," ROOM("conversation", "3") "]"}, "431[{\"error\":\"Too many rooms\"}]|", "*"},
    {"leave", {"42[\"join_room\"," C1 "]", "421[\"leave_room\"," C1 "]"}, "431[{\"success\":true,\"message\":\"Left room: conversation:c1\"}]|", JOINED "publish 0 conversation:c1 user_left; "},
    {"leave what was not joined", {"421[\"leave_room\"," C1 "]"}, "431[{\"success\":true,\"message\":\"Left room: conversation:c1\"}]|", ""},
    {"leave nothing", {"421[\"leave_room\"]"}, "431[{\"error\":\"Missing roomType or roomId\"}]|", ""},
    {"leave the own user room", {"421[\"leave_room\"," ROOM("user", "\"u1\"") "]"}, "431[{\"error\":\"Invalid roomType\"}]|", ""},
    {"typing", {"42[\"join_room\"," C1 "]", "421[\"typing\"," C1 "]"}, "431[{\"success\":true}]|", JOINED "publish 0 conversation:c1 user_typing; "},
    {"stop typing", {"42[\"join_room\"," C1 "]", "421[\"stop_typing\"," C1 "]"}, "431[{\"success\":true}]|", JOINED "publish 0 conversation:c1 user_stop_typing; "},
    {"typing outside", {"421[\"typing\"," C1 "]"}, "431[{\"error\":\"Not in room\"}]|", ""},
    {"an event of the file", {"42[\"join_room\"," C1 "]", "421[\"drawing\"," DRAWN("[1,2,3,45]") "]"}, "431[{\"success\":true}]|", JOINED "publish 0 conversation:c1 user_drawing; "},
    {"an event of the file with too much", {"42[\"join_room\"," C1 "]", "421[\"drawing\"," DRAWN("[1,2,3,456]") "]"}, "431[{\"error\":\"Payload too large\"}]|", JOINED},
    {"an event of the file outside", {"421[\"drawing\"," DRAWN("1") "]"}, "431[{\"error\":\"Not in room\"}]|", ""},
    {"an event of the file to no room", {"421[\"drawing\",{\"data\":1}]"}, "431[{\"error\":\"Missing roomType or roomId\"}]|", ""},
    {"an event of the file with nothing", {"421[\"drawing\"]"}, "431[{\"error\":\"Missing roomType or roomId\"}]|", ""},
    {"what others get is no event of clients", {"42[\"join_room\"," C1 "]", "421[\"user_drawing\"," DRAWN("1") "]"}, "", JOINED},
    {"an event without a name", {"421[\"\"," C1 "]"}, "", ""},
    {"an unknown event", {"421[\"no_such_event\"," C1 "]"}, "", ""},
    {"a name with escapes", {"421[\"join\\u005froom\"," C1 "]"}, "431[{\"success\":true,*", JOINED},
    {"a name that means the text of an escape", {"421[\"join\\\\u005froom\"," C1 "]"}, "", ""},
    {"a name that ends in a backslash", {"421[\"a\\\\\"]", "421[\"leave_room\"]"}, "431[{\"error\":\"Missing roomType or roomId\"}]|", ""},
    {"refresh with nothing", {"421[\"refresh_token\"]"}, "431[{\"error\":\"No token provided\"}]|", ""},
    {"refresh with rubbish", {"421[\"refresh_token\",{\"token\":\"x\"}]"}, "431[{\"error\":\"jwt malformed\"}]|", ""},
};
// clang-format on

static void answers(void **state)
{
    const struct request_row *row = *state;

    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    for (size_t i = 0; i < ARRAY_LEN(row->says) && row->says[i]; i++)
        say(0, row->says[i]);
    hears(0, row->hears);
    asked(row->asked);
    end();
}

static void members_get_events_of_the_file(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":2}");
    say(0, "421[\"join_room\"," C1 "]");
    say(1, "421[\"join_room\"," C1 "]");
    buffer_clear(&peers[0].wrote);
    // Data is passed on as it is, even if it is nothing that the edge could read.
    say(1, "422[\"drawing\"," DRAWN("[1e999]") "]");
    hears(0, "42[\"user_drawing\",{\"socketId\":\"*\",\"userId\":2,\"room\":\"conversation:c1\","
             "\"timestamp\":\"*Z\",\"data\":[1e999]}]|");
    hears(1, "432[{\"success\":true}]|");
    say(1, "423[\"drawing\"," C1 "]"); // without data
    hears(0, "*\"timestamp\":\"*Z\"}]|");
    say(1, "424[\"drawing\"," C1 "]");
    hears(1, "434[{\"error\":\"Too many events\"}]|");
    assert_int_equal(metric_get(&metrics.clients.own_too_many), 1);
    assert_int_equal(metric_get(&metrics.clients.events[EVENT_OWN]), 3);
    say(0, "425[\"drawing\"," DRAWN("1") "]"); // another client's rate
    hears(0, "435[{\"success\":true}]|");
    end();
}

// ---- connecting

static void welcome(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":42,\"exp\":99999999999}");
    hears(0, "40{\"sid\":\"*\"}+42[\"connected\",{\"socketId\":\"*\",\"userId\":42,"
             "\"message\":\"Connected to WebSocket Gateway\"}]|");
    end();
}

static void refusals(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    open_peer(0);
    say(0, "40");
    hears(0, "44{\"message\":\"Authentication error: No token provided\"}|");
    connect_with(1, "{\"id\":\"u1\",\"exp\":1}");
    hears(1, "44{\"message\":\"Authentication error: jwt expired\"}|");
    connect_with(2, "{\"id\":\"u1\",\"requires2FA\":true}");
    hears(2, "44{\"message\":\"Authentication error: second factor required\"}|");
    assert_int_equal(metric_get(&metrics.clients.auth_refused[TOKEN_MISSING]), 1);
    assert_int_equal(metric_get(&metrics.clients.auth_refused[TOKEN_EXPIRED]), 1);
    assert_int_equal(metric_get(&metrics.clients.auth_refused[TOKEN_HALF_LOGIN]), 1);
    end();
}

static void one_user_too_often(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, true);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":\"u1\"}");
    connect_with(2, "{\"id\":\"u1\"}");
    hears(2, "44{\"message\":\"Too many connections\"}|");
    assert_int_equal(metric_get(&metrics.clients.users_over_limit), 1);
    leave(2);
    connect_with(2, "{\"id\":\"u2\"}");
    hears(2, "40{*");
    leave(1);
    leave(2);
    connect_with(2, "{\"id\":\"u1\"}"); // there is room again
    hears(2, "40{*");
    end();
}

static void nobody_is_limited(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, true);
    for (int who = 0; who < PEERS; who++) {
        open_peer(who);
        say(who, "40");
        hears(who, "40{*");
    }
    end();
}

static void nobody_in_particular(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, true);
    open_peer(0);
    say(0, "40");
    hears(0, "40{\"sid\":\"*\"}|");
    say(0, "421[\"join_room\"," C1 "]");
    hears(0, "431[{\"success\":true,*");
    connect_with(1, "{\"id\":\"u1\"}");
    say(1, "42[\"join_room\"," C1 "]");
    say(0, "42[\"typing\"," C1 "]");
    hears(1, "*\"userId\":null,\"room\":\"conversation:c1\"*");
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", TOKEN_SECRET);
    struct buffer packet = {0};
    buffer_printf(&packet, "421[\"refresh_token\",{\"token\":\"%s\"}]", token.ptr);
    say(0, packet.ptr);
    hears(0, "431[{\"error\":\"Token belongs to another user\"}]|");
    buffer_fini(&packet);
    end();
}

static void claims_decide(void **state)
{
    (void)state;
    begin(ROOM_JOIN_CLAIMS, false);
    connect_with(0, "{\"id\":\"u1\",\"rooms\":[\"conversation:c1\"]}");
    say(0, "421[\"join_room\"," C1 "]");
    hears(0, "431[{\"success\":true,*");
    say(0, "421[\"join_room\"," ROOM("conversation", "\"c2\"") "]");
    hears(0, "431[{\"error\":\"Forbidden\"}]|");
    assert_int_equal(metric_get(&metrics.rooms.joins_forbidden), 1);
    end();
}

// ---- joins that wait for a service

#define JOIN_C1   "421[\"join_room\"," C1 "]"
#define JOINED_C1 "431[{\"success\":true,\"message\":\"Joined room: conversation:c1\"}]|"

static void a_service_answers(enum service_answer answer)
{
    for (int who = 0; who < PEERS; who++)
        if (peers[who].wrote.len > 0)
            buffer_clear(&peers[who].wrote);
    fake_authority_answer(&authority, answer);
    turn();
}

struct service_row {
    const char *name;
    enum service_answer answer;
    const char *hears;
};

// clang-format off
static const struct service_row service_rows[] = {
    {"a service says yes", SERVICE_ANSWER_YES, JOINED_C1},
    {"a service says no", SERVICE_ANSWER_NO, "431[{\"error\":\"Forbidden\"}]|"},
    {"a service does not take the token", SERVICE_ANSWER_BAD_TOKEN, "431[{\"error\":\"Forbidden\"}]|"},
    {"a service says neither", SERVICE_ANSWER_ERROR, "431[{\"error\":\"Authorization unavailable\"}]|"},
    {"a service does not answer", SERVICE_ANSWER_UNREACHABLE, "431[{\"error\":\"Authorization unavailable\"}]|"},
};
// clang-format on

static void asks_a_service(void **state)
{
    const struct service_row *row = *state;
    bool granted = row->answer == SERVICE_ANSWER_YES;

    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    assert_matches(&authority.asked, "messages /conversations/c1 *.*.*; ");
    assert_non_null(strstr(authority.asked.ptr, token.ptr));
    say(0, "422[\"typing\"," C1 "]");
    hears(0, "432[{\"error\":\"Not in room\"}]|");
    asked("");
    a_service_answers(row->answer);
    hears(0, row->hears);
    asked(granted ? JOINED : "");
    say(0, "423[\"typing\"," C1 "]");
    hears(0, granted ? "433[{\"success\":true}]|" : "433[{\"error\":\"Not in room\"}]|");
    end();
}

static void the_same_join_twice(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    say(0, "422[\"join_room\"," C1 "]");
    assert_int_equal(fake_authority_count(&authority), 1);
    a_service_answers(SERVICE_ANSWER_YES);
    hears(0, "431[{\"success\":true,*+432[{\"success\":true,*");
    asked(JOINED);
    end();
}

static void left_before_the_answer(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    say(0, "422[\"join_room\"," ROOM("conversation", "\"c2\"") "]");
    say(0, "423[\"leave_room\"," C1 "]");
    hears(0, "431[{\"error\":\"Join cancelled\"}]+433[{\"success\":true,\"message\":\"Left room: "
             "conversation:c1\"}]|");
    a_service_answers(SERVICE_ANSWER_YES);
    assert_int_equal(peers[0].wrote.len, 0);
    asked("");
    a_service_answers(SERVICE_ANSWER_YES);
    hears(0, "432[{\"success\":true,*");
    say(0, "424[\"join_room\"," C1 "]"); // the answer was remembered all the same
    hears(0, "434[{\"success\":true,*");
    end();
}

static void gone_before_the_answer(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    say(1, JOIN_C1);
    leave(0);
    a_service_answers(SERVICE_ANSWER_YES);
    hears(1, JOINED_C1);
    asked(JOINED);
    end();
}

static void gone_for_good(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    leave(0);
    a_service_answers(SERVICE_ANSWER_YES);
    asked("");
    end();
}

static void nobody_is_not_asked_about(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, true);
    open_peer(0);
    say(0, "40");
    say(0, JOIN_C1);
    hears(0, "431[{\"error\":\"Forbidden\"}]|");
    assert_int_equal(fake_authority_count(&authority), 0);
    end();
}

// ---- several clients

static void the_others_hear(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":2}");
    connect_with(2, "{\"id\":\"u3\"}");
    say(0, "42[\"join_room\"," C1 "]");
    buffer_clear(&peers[2].wrote);
    say(1, "42[\"join_room\"," C1 "]");
    hears(0, "42[\"user_joined\",{\"socketId\":\"*\",\"userId\":2,\"room\":\"conversation:c1\","
             "\"timestamp\":\"*Z\"}]|");
    hears(2, "");
    buffer_clear(&peers[0].wrote);
    leave(1);
    hears(0, "42[\"user_left\",{\"socketId\":\"*\",\"userId\":2,\"room\":\"conversation:c1\","
             "\"timestamp\":\"*Z\"}]|");
    asked("publish 0 conversation:c1 user_joined; publish 0 conversation:c1 user_joined; "
          "publish 0 conversation:c1 user_left; ");
    end();
}

static void publish(struct envelope envelope)
{
    struct buffer bytes = {0};

    envelope.event = SPAN_LIT("news");
    envelope.args = SPAN_LIT("{\"a\":1}");
    envelope_encode(&envelope, &bytes);
    bus.bus.handlers.on_envelope(0, buffer_span(&bytes), bus.bus.handlers.arg);
    buffer_fini(&bytes);
    turn();
}

static void publish_as(const char *origin, const char *except, struct position position,
                       struct position prev, const char *room)
{
    publish((struct envelope){.origin = span_of(origin),
                              .except = span_of(except),
                              .position = position,
                              .prev = prev,
                              .room = span_of(room)});
}

static const struct position none = {0, 0};

// The envelope counts as one that was delivered if any of its rooms has members here.
static void an_envelope_of_several_rooms(void **state)
{
    const struct span more[] = {SPAN_INIT("user:u1"), SPAN_INIT("conversation:c1")};
    struct envelope envelope = {.room = SPAN_LIT("order:1"), .origin = SPAN_LIT("relay")};

    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, "42[\"join_room\"," C1 "]"); // `user_joined` is the first one
    buffer_clear(&peers[0].wrote);
    envelope.more_rooms = more;
    envelope.more_count = 2;
    publish(envelope);
    hears(0, "42[\"news\",{\"a\":1}]|");
    assert_int_equal(metric_get(&metrics.delivery.envelopes_delivered), 2);
    assert_int_equal(histogram_count(&metrics.delivery.latency_of_edges), 1);
    envelope.more_rooms = (const struct span[]){SPAN_INIT("user:u2")};
    envelope.more_count = 1;
    publish(envelope);
    hears(0, "42[\"news\",{\"a\":1}]|");
    assert_int_equal(metric_get(&metrics.delivery.envelopes_delivered), 2);
    end();
}

// Also if it is anonymous, in one of the further rooms too, or the last one that is left.
static void an_envelope_for_everybody(void **state)
{
    const struct span more[] = {SPAN_INIT("user:u1"), SPAN_INIT("*")};

    (void)state;
    begin(ROOM_JOIN_OPEN, true);
    publish((struct envelope){.room = SPAN_LIT("*"), .origin = SPAN_LIT("relay")});
    assert_int_equal(metric_get(&metrics.delivery.envelopes_delivered), 0);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":\"u2\"}");
    open_peer(2);
    say(2, "40{}");
    for (int who = 0; who < 3; who++)
        buffer_clear(&peers[who].wrote);
    publish((struct envelope){.room = SPAN_LIT("*"), .origin = SPAN_LIT("relay")});
    publish((struct envelope){.room = SPAN_LIT("conversation:c1"),
                              .origin = SPAN_LIT("relay"),
                              .more_rooms = more,
                              .more_count = ARRAY_LEN(more)});
    for (int who = 0; who < 3; who++)
        hears(who, "42[\"news\",{\"a\":1}]|42[\"news\",{\"a\":1}]|");
    assert_int_equal(metric_get(&metrics.delivery.envelopes_delivered), 2);
    buffer_clear(&peers[0].wrote);
    leave(1);
    say(2, "41");
    publish((struct envelope){.room = SPAN_LIT("*"), .origin = SPAN_LIT("relay")});
    hears(0, "42[\"news\",{\"a\":1}]|");
    end();
}

static void what_comes_over_the_bus(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    buffer_clear(&peers[0].wrote);
    publish_as("relay", "", (struct position){1, 6}, (struct position){1, 5}, "user:u1");
    hears(0, "42[\"news\",{\"a\":1}]|");
    publish_as("relay", "", (struct position){1, 7}, (struct position){1, 6}, "user:u2");
    publish_as("edge-1", "", none, none, "user:u1");
    hears(0, "42[\"news\",{\"a\":1}]|");
    publish_as("edge-2", "", none, none, "user:u1");
    hears(0, "42[\"news\",{\"a\":1}]|42[\"news\",{\"a\":1}]|");
    assert_int_equal(metric_get(&metrics.delivery.envelopes), 4);
    assert_int_equal(metric_get(&metrics.delivery.envelopes_own), 1);
    assert_int_equal(metric_get(&metrics.delivery.envelopes_delivered), 2);
    assert_int_equal(histogram_count(&metrics.delivery.latency_of_relay), 1);
    assert_int_equal(histogram_count(&metrics.delivery.latency_of_edges), 1);
    end();
}

static void the_sender_elsewhere_is_left_out(void **state)
{
    char id[64];

    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    assert_true(sscanf(strstr(peers[0].wrote.ptr, "\"sid\":\""), "\"sid\":\"%63[^\"]", id) == 1);
    buffer_clear(&peers[0].wrote);
    publish_as("edge-2", id, none, none, "user:u1");
    hears(0, "");
    end();
}

static void a_loss_closes_everybody(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":\"u2\"}");
    publish_as("relay", "", (struct position){1, 9}, (struct position){1, 8}, "user:u1");
    asked("read 0 1-5; ");
    assert_false(peers[0].closed);
    bus.bus.handlers.on_page(0, NULL, 0, bus.bus.handlers.arg);
    turn();
    assert_true(peers[0].closed && peers[1].closed);
    assert_int_equal(metric_get(&metrics.delivery.losses), 1);
    assert_int_equal(metric_get(&metrics.delivery.loss_disconnects), 2);
    end();
}

static void kicks(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":\"u2\"}");
    buffer_clear(&peers[0].wrote);
    buffer_clear(&peers[1].wrote);
    command(&(struct control){.kind = CONTROL_KICK, .user = SPAN_LIT("u1")});
    hears(0, "41|");
    hears(1, "");
    assert_int_equal(metric_get(&metrics.clients.kicked), 1);
    asked("");
    end();
}

static void says_how_many_it_kicked(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    connect_with(1, "{\"id\":\"u1\"}");
    buffer_clear(&bus.asked);
    command(&(struct control){.kind = CONTROL_KICK, .user = SPAN_LIT("u1"), .ask = 7});
    asked("kicked 2 at edge-1 for 7; ");
    buffer_clear(&bus.asked);
    command(&(struct control){.kind = CONTROL_KICK, .user = SPAN_LIT("u1"), .ask = UINT64_MAX});
    asked("kicked 0 at edge-1 for 18446744073709551615; ");
    buffer_clear(&bus.asked);
    command(&(struct control){.kind = CONTROL_KICKED, .ask = 7, .sockets = 2});
    asked("");
    assert_int_equal(metric_get(&metrics.clients.kicked), 2);
    assert_int_equal(metric_get(&metrics.delivery.envelopes_malformed), 0);
    end();
}

#define REVOKE_U1                                                                                  \
    &(struct control)                                                                              \
    {                                                                                              \
        .kind = CONTROL_REVOKE, .user = SPAN_LIT("u1"), .at_ms = 5000000000500,                    \
        .until_ms = UINT64_MAX, .ask = 7                                                           \
    }

static void revokes_older_tokens(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\",\"iat\":5000000000}");
    connect_with(1, "{\"id\":\"u1\",\"iat\":5000000001}");
    buffer_clear(&bus.asked);
    for (int who = 0; who < 2; who++)
        buffer_clear(&peers[who].wrote);
    command(REVOKE_U1);
    hears(0, "41|");
    hears(1, "");
    asked("kicked 1 at edge-1 for 7; ");
    command(REVOKE_U1);
    assert_int_equal(metric_get(&metrics.clients.revoked), 1); // the same again meets nobody
    assert_int_equal(metric_get(&metrics.clients.revocations), 1);
    end();
}

static void revocations_of_the_broker_count(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\",\"iat\":5000000000}");
    buffer_clear(&peers[0].wrote);
    bus.bus.control.on_revocation(SPAN_LIT("u1"), 5000000000500, UINT64_MAX, bus.bus.control.arg);
    turn();
    hears(0, "41|");
    connect_with(1, "{\"id\":\"u1\",\"iat\":5000000000}");
    hears(1, "44{\"message\":\"Authentication error: jwt revoked\"}|");
    end();
}

static void revocations_that_the_broker_lost_are_stored_again(void **state)
{
    const struct bus_control_handlers *handlers;

    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    handlers = &bus.bus.control;
    command(REVOKE_U1);
    handlers->on_revocation(SPAN_LIT("u2"), 5, 6000000000000, handlers->arg);
    buffer_clear(&bus.asked);
    handlers->on_revocations_read(handlers->arg);
    asked("revoke u1 5000000000500 18446744073709551615 18446744073709551615; ");
    buffer_clear(&bus.asked);
    handlers->on_revocation(SPAN_LIT("u1"), 5000000000500, UINT64_MAX, handlers->arg);
    handlers->on_revocation(SPAN_LIT("u2"), 4, 6000000000000, handlers->arg); // an earlier one
    handlers->on_revocations_read(handlers->arg);
    asked("revoke u2 5 6000000000000 18446744073709551615; ");
    assert_int_equal(metric_get(&metrics.clients.revocations_restored), 2);
    end();
}

static void takes_out_of_a_room(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    for (int who = 0; who < 2; who++) {
        connect_with(who, "{\"id\":\"u1\"}");
        say(who, JOIN_C1);
        hears(who, JOINED_C1);
    }
    say(1, "422[\"leave_room\"," C1 "]");
    buffer_clear(&peers[1].wrote);
    buffer_clear(&bus.asked);
    command(&(struct control){.kind = CONTROL_LEAVE,
                              .user = SPAN_LIT("u1"),
                              .room = SPAN_LIT("conversation:c1"),
                              .ask = 7});
    asked("publish 0 conversation:c1 user_left; kicked 1 at edge-1 for 7; ");
    hears(1, "");
    say(0, "423[\"typing\"," C1 "]");
    hears(0, "433[{\"error\":\"Not in room\"}]|");
    assert_int_equal(metric_get(&metrics.clients.removed), 1);
    end();
}

static void forgets_what_a_service_said(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    a_service_answers(SERVICE_ANSWER_YES);
    for (int round = 0; round < 2; round++) {
        command(&(struct control){
            .kind = CONTROL_LEAVE, .user = SPAN_LIT("u1"), .room = SPAN_LIT("conversation:c1")});
        buffer_clear(&peers[0].wrote);
        say(0, JOIN_C1);
        if (round == 0) { // the command comes while the service is asked: nobody waits any more
            command(&(struct control){.kind = CONTROL_LEAVE,
                                      .user = SPAN_LIT("u1"),
                                      .room = SPAN_LIT("conversation:c1")});
            hears(0, "431[{\"error\":\"Join cancelled\"}]|");
            a_service_answers(SERVICE_ANSWER_YES);
            continue;
        }
        a_service_answers(SERVICE_ANSWER_NO);
        hears(0, "431[{\"error\":\"Forbidden\"}]|");
    }
    end();
}

// Whether the service has answered before or after the right was taken away cannot be told.
static void a_yes_to_a_question_from_before_lets_nobody_in(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    command(&(struct control){
        .kind = CONTROL_LEAVE, .user = SPAN_LIT("u1"), .room = SPAN_LIT("conversation:c1")});
    buffer_clear(&peers[0].wrote);
    say(0, JOIN_C1);
    assert_int_equal(fake_authority_count(&authority), 1);
    a_service_answers(SERVICE_ANSWER_YES);
    hears(0, "431[{\"error\":\"Authorization unavailable\"}]|");
    end();
}

static void the_own_room_cannot_be_left(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    buffer_clear(&bus.asked);
    command(&(struct control){
        .kind = CONTROL_LEAVE, .user = SPAN_LIT("u1"), .room = SPAN_LIT("user:u1"), .ask = 7});
    asked("");
    command(&(struct control){.kind = CONTROL_KICK, .user = SPAN_LIT("u1"), .ask = 8});
    asked("kicked 1 at edge-1 for 8; ");
    end();
}

static void drains_on_command(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    command(&(struct control){.kind = CONTROL_DRAIN, .edge = SPAN_LIT("edge-2")});
    assert_false(drained);
    command(&(struct control){.kind = CONTROL_DRAIN, .edge = SPAN_LIT("edge-1")});
    assert_true(drained);
    drained = false;
    command(&(struct control){.kind = CONTROL_DRAIN});
    assert_true(drained);
    end();
}

// ---- tokens

static void refresh(const char *payload, const char *answer)
{
    struct buffer packet = {0};

    make_token(&token, TOKEN_HEADER, payload, TOKEN_SECRET);
    buffer_printf(&packet, "427[\"refresh_token\",{\"token\":\"%s\"}]", token.ptr);
    say(0, packet.ptr);
    hears(0, answer);
    buffer_fini(&packet);
}

static void tokens_expire(void **state)
{
    char payload[64];

    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    unsigned long long now = clock_wall_ms() / 1000;
    snprintf(payload, sizeof(payload), "{\"id\":\"u1\",\"iat\":%llu,\"exp\":%llu}", now - 3540,
             now + 60);
    connect_with(0, payload);
    hears(0, "40*+42[\"connected\",*+42[\"token_expiring_soon\",{\"expiresIn\":*}]|");
    assert_int_equal(metric_get(&metrics.clients.tokens_expiring), 1);
    snprintf(payload, sizeof(payload), "{\"id\":\"u1\",\"iat\":%llu,\"exp\":%llu}", now, now + 60);
    refresh(payload, "437[{\"success\":true,\"expiresIn\":*}]|");
    assert_int_equal(metric_get(&metrics.clients.tokens_expiring), 1);
    end();
}

static void tokens_are_refreshed(void **state)
{
    (void)state;
    begin(ROOM_JOIN_CLAIMS, false);
    connect_with(0, "{\"id\":42}");
    refresh("{\"id\":\"42\",\"rooms\":[\"conversation:c1\"]}",
            "437[{\"success\":true,\"expiresIn\":null}]|");
    say(0, "421[\"join_room\"," C1 "]");
    hears(0, "431[{\"success\":true,*");
    refresh("{\"id\":\"43\"}", "437[{\"error\":\"Token belongs to another user\"}]|");
    refresh("{\"id\":42,\"exp\":1}", "437[{\"error\":\"jwt expired\"}]|");
    refresh("{\"id\":42,\"exp\":99999999999}", "437[{\"success\":true,\"expiresIn\":98*}]|");
    assert_int_equal(metric_get(&metrics.clients.tokens_refreshed), 2);
    end();
}

// The answer is one about the user who asked, and a socket cannot become another's.
static void a_refreshed_token_is_the_same_user_s(void **state)
{
    (void)state;
    begin(ROOM_JOIN_SERVICE, false);
    connect_with(0, "{\"id\":\"u1\"}");
    say(0, JOIN_C1);
    refresh("{\"id\":\"u2\"}", "437[{\"error\":\"Token belongs to another user\"}]|");
    refresh("{\"id\":\"u1\",\"role\":\"host\"}", "437[{\"success\":true,\"expiresIn\":null}]|");
    a_service_answers(SERVICE_ANSWER_YES);
    hears(0, JOINED_C1);
    buffer_clear(&authority.asked);
    say(0, "421[\"join_room\"," ROOM("conversation", "\"c2\"") "]");
    assert_non_null(strstr(authority.asked.ptr, token.ptr)); // the fresh one
    a_service_answers(SERVICE_ANSWER_NO);
    end();
}

static void announces_itself(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u1\"}");
    deadlines_run(&clock_, clock_.now_ms + 2000);
    asked("announce 1 1; ");
    assert_int_equal(metric_get(&metrics.rooms.rooms), 1);
    end();
}

// Before it asks for the log: an edge that serves clients is in the list of edges.
static void announces_itself_at_once(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    deadlines_run(&clock_, clock_.now_ms + 1500);
    bus.bus.handlers.on_down(BUS_WHOLE, bus.bus.handlers.arg);
    bus_report_up(&bus.bus, BUS_WHOLE);
    asked("announce 0 0; read 0 1-5; ");
    buffer_clear(&bus.asked);
    deadlines_run(&clock_, clock_.now_ms + 1999);
    asked("");
    deadlines_run(&clock_, clock_.now_ms + 1);
    asked("announce 0 0; ");
    end();
}

// ---- HTTP

struct http_row {
    const char *name;
    enum http_method method;
    const char *path, *accept;
    unsigned status;
    const char *body;
};

// clang-format off
static const struct http_row http_rows[] = {
    {"health", HTTP_GET, "/health", NULL, 200, "{\"status\":\"degraded\",\"service\":\"websocket-gateway\",\"version\":\"1.0.0\",\"redis\":\"connected\",\"eventBus\":{\"isConnected\":false,\"reconnectAttempts\":0,\"host\":\"rabbit\",\"port\":5672}}"},
    {"HEAD of health", HTTP_HEAD, "/health", NULL, 200, "*"},
    {"POST to health", HTTP_POST, "/health", NULL, 404, "{\"error\":\"Not Found\"}"},
    {"metrics", HTTP_GET, "/metrics", NULL, 200, "{\"connectedSockets\":1,\"rooms\":[\"user:u\\\"1\"],\"totalRooms\":1}"},
    {"metrics for a browser", HTTP_GET, "/metrics", "text/html,*/*;q=0.8", 200, "{*"},
    {"metrics for whoever prefers JSON", HTTP_GET, "/metrics", "application/json, text/plain, */*", 200, "{*"},
    {"metrics for Prometheus", HTTP_GET, "/metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", 200, "a_metric 1\n"},
    {"metrics as text", HTTP_GET, "/metrics", "Text/Plain", 200, "a_metric 1\n"},
    {"the console", HTTP_GET, "/console", NULL, 200, "<!doctype html>*"},
    {"a script of the console", HTTP_GET, "/console/pane.js", NULL, 200, "//*"},
    {"HEAD of the console", HTTP_HEAD, "/console", NULL, 200, "*"},
    {"POST to the console", HTTP_POST, "/console", NULL, 404, "{\"error\":\"Not Found\"}"},
    {"no file of the console", HTTP_GET, "/console/", NULL, 404, "{\"error\":\"Not Found\"}"},
    {"something else", HTTP_GET, "/", NULL, 404, "{\"error\":\"Not Found\"}"},
    {"the engine's path without its slash", HTTP_GET, "/socket.io", NULL, 404, "{\"error\":\"Not Found\"}"},
    {"the engine", HTTP_GET, "/socket.io/", NULL, 400, "{\"code\":*"},
    {"a bundle that is not there", HTTP_GET, "/socket.io/socket.io.js", NULL, 404, "{\"error\":\"Not Found\"}"},
};
// clang-format on

static const struct http_row *current;

static struct span accept_header(const struct http_request *request, const char *name)
{
    (void)request;
    return strcmp(name, "Accept") == 0 ? span_of(current->accept) : (struct span){0};
}

static void answers_http(void **state)
{
    struct fake_exchange exchange = {.sent = &sent, .waits = true};

    current = *state;
    begin(ROOM_JOIN_OPEN, false);
    connect_with(0, "{\"id\":\"u\\\"1\"}");
    exchange.request = (struct http_request){
        .method = current->method, .path = span_of(current->path), .header = accept_header};
    exchange.exchange =
        (struct http_exchange){.ops = &fake_exchange_ops, .request = &exchange.request};
    gateway_on_http(&exchange.exchange, gateway);
    assert_int_equal(exchange.status, current->status);
    assert_matches(&exchange.body, current->body);
    buffer_fini(&exchange.body);
    buffer_fini(&exchange.head);
    end();
}

static void a_heartbeat_makes_it_healthy(void **state)
{
    static const struct http_row health = {.method = HTTP_GET, .path = "/health"};
    struct fake_exchange exchange = {.sent = &sent, .waits = true};

    (void)state;
    current = &health;
    begin(ROOM_JOIN_OPEN, false);
    command(&(struct control){.kind = CONTROL_HEARTBEAT,
                              .heartbeat = {.shard_count = 1,
                                            .tops = {{1, 5}},
                                            .bus_connected = true,
                                            .reconnect_attempts = 3,
                                            .bus_host = SPAN_LIT("mq"),
                                            .bus_port = 5673}});
    exchange.request = (struct http_request){
        .method = HTTP_GET, .path = span_of(health.path), .header = accept_header};
    exchange.exchange =
        (struct http_exchange){.ops = &fake_exchange_ops, .request = &exchange.request};
    gateway_on_http(&exchange.exchange, gateway);
    assert_matches(&exchange.body, "{\"status\":\"healthy\",*\"eventBus\":{\"isConnected\":true,"
                                   "\"reconnectAttempts\":3,\"host\":\"mq\",\"port\":5673}}");
    buffer_fini(&exchange.body);
    buffer_fini(&exchange.head);
    end();
}

static void heartbeat_over(unsigned node, unsigned nodes)
{
    command(&(struct control){
        .kind = CONTROL_HEARTBEAT,
        .heartbeat = {.shard_count = 1, .tops = {{1, 9}}, .node = node, .node_count = nodes}});
}

static void a_heartbeat_of_other_servers_is_not_compared(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    heartbeat_over(0, 2);
    heartbeat_over(1, 1);
    assert_span(buffer_span(&bus.asked), "");
    heartbeat_over(0, 0); // of a version that knows one server only
    assert_span(buffer_span(&bus.asked), "read 0 1-5; ");
    end();
}

// ---- keys that are replaced

// Connects with an endless token that is signed with `secret`; NULL: without a token.
static void connect_signed(int who, const char *secret)
{
    struct buffer packet = {0};

    open_peer(who);
    if (secret)
        make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", secret);
    buffer_printf(&packet, secret ? "40{\"token\":\"%s\"}" : "40", token.ptr);
    say(who, packet.ptr);
    buffer_fini(&packet);
}

static void use_secrets(const char *secret, const char *previous)
{
    const struct token_keys keys = {.secret = secret, .previous_secret = previous};

    for (int who = 0; who < PEERS; who++)
        buffer_clear(&peers[who].wrote);
    gateway_replace_keys(gateway, &keys);
    turn();
}

static void clients_of_a_key_that_goes_are_closed(void **state)
{
    (void)state;
    begin(ROOM_JOIN_OPEN, true);
    connect_signed(0, TOKEN_SECRET);
    use_secrets("the next secret", TOKEN_SECRET);
    connect_signed(1, "the next secret");
    connect_signed(2, NULL);
    hears(0, "");
    use_secrets("the next secret", NULL);
    hears(0, "42[\"token_expired\",{}]|");
    assert_true(peers[0].closed);
    hears(1, "");
    hears(2, "");
    assert_false(peers[1].closed || peers[2].closed);
    assert_int_equal(metric_get(&metrics.clients.tokens_withdrawn), 1);
    assert_int_equal(metric_get(&metrics.clients.tokens_expired), 0);
    leave(0);
    connect_signed(0, TOKEN_SECRET);
    hears(0, "44{\"message\":\"Authentication error: invalid signature\"}|");
    end();
}

static void a_refreshed_token_counts_with_its_own_key(void **state)
{
    struct buffer packet = {0};

    (void)state;
    begin(ROOM_JOIN_OPEN, false);
    connect_signed(0, TOKEN_SECRET);
    use_secrets("the next secret", TOKEN_SECRET);
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", "the next secret");
    buffer_printf(&packet, "421[\"refresh_token\",{\"token\":\"%s\"}]", token.ptr);
    say(0, packet.ptr);
    buffer_fini(&packet);
    use_secrets("the next secret", NULL);
    hears(0, "");
    assert_false(peers[0].closed);
    end();
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(requests) + ARRAY_LEN(http_rows) + ARRAY_LEN(service_rows) + 37];
    size_t count = 0;

    ADD_ROWS(tests, count, requests, answers);
    ADD_ROWS(tests, count, http_rows, answers_http);
    ADD_ROWS(tests, count, service_rows, asks_a_service);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(members_get_events_of_the_file);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(welcome);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(clients_of_a_key_that_goes_are_closed);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_refreshed_token_counts_with_its_own_key);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(refusals);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_user_too_often);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(nobody_is_limited);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(nobody_in_particular);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(claims_decide);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_same_join_twice);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(left_before_the_answer);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(gone_before_the_answer);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(gone_for_good);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(nobody_is_not_asked_about);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_refreshed_token_is_the_same_user_s);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_others_hear);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_envelope_of_several_rooms);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_envelope_for_everybody);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(what_comes_over_the_bus);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_sender_elsewhere_is_left_out);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_loss_closes_everybody);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(kicks);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(says_how_many_it_kicked);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(revokes_older_tokens);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(revocations_of_the_broker_count);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(revocations_that_the_broker_lost_are_stored_again);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(takes_out_of_a_room);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(forgets_what_a_service_said);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_yes_to_a_question_from_before_lets_nobody_in);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_own_room_cannot_be_left);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(drains_on_command);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(tokens_expire);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(tokens_are_refreshed);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(announces_itself);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(announces_itself_at_once);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_heartbeat_makes_it_healthy);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_heartbeat_of_other_servers_is_not_compared);
    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
