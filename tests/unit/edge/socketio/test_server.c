// Socket.IO clients as dialogues: what a client says over a WebSocket, what it hears, and what the
// layer above is told. The engine is the real one, its port and clock are not.
#include <stdio.h>

#include "common/buffer.h"
#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/server.h"
#include "edge/engineio/websocket.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/middleware.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/packet.h"
#include "edge/socketio/server.h"
#include "edge/socketio/socket.h"
#include "tests/unit/pattern.h"
#include "tests/unit/websocket_open.h"

#define CONNECT_TIMEOUT_MS 45000
#define ACK_TIMEOUT_MS     5000
#define MAX_PAYLOAD        200
#define MAX_OUTBOX         2000
#define NEVER_MS           1000000000

// One client's WebSocket. What it hears is written down, one packet after another.
struct peer {
    struct eio_websocket websocket;
    struct buffer heard;
    bool congested;
};

static unsigned version; // of Engine.IO, that the clients speak
static struct deadlines now;
static struct sio_metrics metrics;
static struct eio_metrics engine_metrics;
static struct sio_server *server;
static struct sio_namespace *root, *admin;
static struct buffer journal;   // what the handlers were told
static struct sio_socket *held; // one whose on_connect or middleware has not answered

static bool can_write(struct eio_websocket *websocket)
{
    return !container_of(websocket, struct peer, websocket)->congested;
}

// Takes one frame with its header (RFC 6455; not masked, shorter than 64 KB).
static struct span take_frame(struct span *bytes, bool *binary)
{
    const unsigned char *header = (const unsigned char *)bytes->ptr;
    size_t header_len = header[1] == 126 ? 4 : 2;
    size_t len = header[1] == 126 ? (size_t)(header[2] << 8 | header[3]) : header[1];
    struct span payload = {bytes->ptr + header_len, len};

    *binary = header[0] == 0x82;
    *bytes = span_skip(*bytes, header_len + len);
    return payload;
}

static void hear(struct peer *peer, const char *mark, struct span text)
{
    if (peer->heard.len > 0)
        buffer_append_char(&peer->heard, '|');
    buffer_append(&peer->heard, span_of(mark));
    buffer_append(&peer->heard, text);
}

static size_t peer_write(struct eio_websocket *websocket, const struct span *pieces, uint32_t count)
{
    size_t len = 0;
    struct peer *peer = container_of(websocket, struct peer, websocket);

    for (uint32_t i = 0; i < count; i++) {
        struct span frames = pieces[i];
        len += frames.len;
        while (frames.len > 0) {
            bool binary;
            struct span payload = take_frame(&frames, &binary);
            hear(peer, binary ? "!" : "", payload);
        }
    }
    return len;
}

static void want_writable(struct eio_websocket *websocket)
{
    (void)websocket;
}

static void peer_close(struct eio_websocket *websocket, unsigned code)
{
    char text[16];

    snprintf(text, sizeof(text), "close %u", code);
    hear(container_of(websocket, struct peer, websocket), "", span_of(text));
}

static const struct eio_websocket_ops peer_ops = {can_write, peer_write, want_writable, peer_close};

static void note(const char *format, ...) PRINTF(1, 2);
static void note(const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (journal.len > 0)
        buffer_append_char(&journal, '|');
    buffer_append(&journal, span_of(text));
}

static bool holds(struct span text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void on_connect(struct sio_socket *socket, struct span auth, void *arg)
{
    note("asks %s " SPAN_FMT, (const char *)arg, SPAN_ARG(auth));
    if (holds(auth, "refuse"))
        sio_socket_refuse(socket, SPAN_LIT("not \"you\""));
    else if (holds(auth, "wait"))
        held = socket;
    else
        sio_socket_accept(socket);
}

static void on_answer(struct sio_socket *socket, enum sio_ack_result result,
                      const struct sio_event *answer, void *arg)
{
    static const char *const results[] = {"answered", "timed out", "disconnected"};
    const char *question = arg;

    note("%s %s " SPAN_FMT, question, results[result],
         SPAN_ARG(answer ? answer->args : SPAN_LIT("-")));
    if (answer && holds(answer->args, "again"))
        assert_true(sio_socket_emit_with_ack(socket, SPAN_LIT("q2"), (struct span){0}, on_answer,
                                             (void *)"q2"));
}

static void join(struct sio_socket *socket, const struct sio_event *event)
{
    note("joins %d", (int)sio_socket_join(socket, event->args));
}

static void echo(struct sio_socket *socket, const struct sio_event *event)
{
    sio_socket_emit_binary(socket, SPAN_LIT("back"), event->args, event->attachments,
                           event->attachment_count);
    sio_socket_ack_binary(socket, event->ack_id, event->args, event->attachments,
                          event->attachment_count);
}

static void ask(struct sio_socket *socket, const struct sio_event *event)
{
    (void)event;
    if (!sio_socket_emit_with_ack(socket, SPAN_LIT("q"), SPAN_LIT("1"), on_answer, (void *)"q"))
        note("too many");
}

static void ask_until_refused(struct sio_socket *socket, const struct sio_event *event)
{
    unsigned asked = 0;

    (void)event;
    while (sio_socket_emit_with_ack(socket, SPAN_LIT("q"), (struct span){0}, on_answer, (void *)""))
        asked++;
    note("asked %u", asked);
}

static void answer_twice(struct sio_socket *socket, const struct sio_event *event)
{
    sio_socket_ack(socket, event->ack_id, SPAN_LIT("\"one\""));
}

// After its end a socket is silent, but may still be touched.
static void kick(struct sio_socket *socket, const struct sio_event *event)
{
    sio_socket_disconnect(socket);
    assert_false(sio_socket_is_connected(socket));
    sio_socket_disconnect(socket);
    sio_socket_emit(socket, SPAN_LIT("late"), (struct span){0});
    sio_socket_ack(socket, event->ack_id, (struct span){0});
    assert_false(
        sio_socket_emit_with_ack(socket, SPAN_LIT("q"), (struct span){0}, on_answer, NULL));
}

static void close_transport(struct sio_socket *socket, const struct sio_event *event)
{
    (void)event;
    sio_socket_close_transport(socket, EIO_FORCED_CLOSE);
}

static void on_event(struct sio_socket *socket, const struct sio_event *event, void *arg)
{
    static const struct {
        const char *name;
        void (*fn)(struct sio_socket *socket, const struct sio_event *event);
    } actions[] = {
        {"join", join},
        {"echo", echo},
        {"ask", ask},
        {"ask-much", ask_until_refused},
        {"kick", kick},
        {"ack", answer_twice},
        {"close", close_transport},
    };

    note("event %s " SPAN_FMT " " SPAN_FMT, (const char *)arg, SPAN_ARG(event->name),
         SPAN_ARG(event->args));
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (span_is(event->name, actions[i].name))
            actions[i].fn(socket, event);
}

static void note_room(struct span room, void *arg)
{
    (void)arg;
    note("was in " SPAN_FMT, SPAN_ARG(room));
}

static void on_disconnect(struct sio_socket *socket, const char *reason, void *arg)
{
    assert_false(sio_socket_is_connected(socket));
    note("gone %s %s", (const char *)arg, reason);
    sio_socket_each_room(socket, note_room, NULL);
    if (held == socket)
        held = NULL;
}

// Only guarded sockets have data: themselves.
static void free_data(void *data)
{
    note("freed");
    if (held == data)
        held = NULL;
}

static struct sio_namespace *add_namespace(const char *name)
{
    const struct sio_handlers handlers = {on_connect, on_event, on_disconnect, free_data,
                                          (void *)name};

    return sio_server_add_namespace(server, name, &handlers);
}

// A step of middleware. It does what the auth payload has for its name, such as {"first":"bar"}.
static void guard(struct sio_socket *socket, struct span auth, void *arg)
{
    const char *name = arg;
    char bar[32], hold[32], twice[32], both[32];

    snprintf(bar, sizeof(bar), "\"%s\":\"bar\"", name);
    snprintf(hold, sizeof(hold), "\"%s\":\"hold\"", name);
    snprintf(twice, sizeof(twice), "\"%s\":\"twice\"", name);
    snprintf(both, sizeof(both), "\"%s\":\"both\"", name);
    note("%s " SPAN_FMT, name, SPAN_ARG(auth));
    sio_socket_set_data(socket, socket);
    if (holds(auth, hold)) {
        held = socket;
        return;
    }
    if (!holds(auth, bar))
        sio_socket_next(socket);
    if (holds(auth, twice))
        sio_socket_next(socket);
    if (holds(auth, bar) || holds(auth, both))
        sio_socket_refuse(socket, SPAN_LIT("barred"));
}

static void add_guarded_namespace(void)
{
    struct sio_namespace *guarded = add_namespace("/guarded");

    sio_namespace_use(guarded, guard, (void *)"first");
    sio_namespace_use(guarded, guard, (void *)"second");
}

static struct span header_of(const struct http_request *request, const char *name)
{
    (void)request;
    return span_eq_nocase(span_of(name), SPAN_LIT("authorization")) ? SPAN_LIT("Bearer x")
                                                                    : (struct span){0};
}

static const struct http_request requests[] = {
    [3] = {.method = HTTP_GET,
           .header = header_of,
           .query = {"EIO=3&transport=websocket", 25},
           .peer = {"192.0.2.1", 9}},
    [4] = {.method = HTTP_GET,
           .header = header_of,
           .query = {"EIO=4&transport=websocket", 25},
           .peer = {"192.0.2.1", 9}},
};

static void turn(uint64_t ms)
{
    deadlines_run(&now, now.now_ms + ms);
    eio_server_flush(sio_server_engine(server));
}

static void peer_open(struct peer *peer)
{
    *peer = (struct peer){0};
    assert_true(websocket_open(&peer->websocket, sio_server_engine(server), &peer_ops,
                               &requests[version], false));
    turn(0);
    // What it heard first is the handshake of Engine.IO.
    const char *bar = memchr(peer->heard.ptr, '|', peer->heard.len);
    struct span rest = bar ? span_of(bar + 1) : (struct span){0};
    struct buffer heard = {0};
    buffer_append(&heard, rest);
    buffer_fini(&peer->heard);
    peer->heard = heard;
}

// "&…" is not followed by the end of a turn, "!…" is binary, "+<ms>" lets time pass, "x<n> …" is
// said n times. ">" lets the held socket on, "<" refuses it, "-" disconnects it.
static void say(struct peer *peer, const char *text)
{
    bool more = *text == '&';

    if (*text == 'x') {
        for (long n = atol(text + 1); n > 0; n--)
            say(peer, strchr(text, ' ') + 1);
        return;
    }
    text += more ? 1 : 0;
    struct span bytes = exact_copy(span_of(*text == '!' ? text + 1 : text));
    if (*text == '+')
        turn((uint64_t)atol(text + 1));
    else if (*text == '>')
        sio_socket_next(held);
    else if (*text == '<')
        sio_socket_refuse(held, SPAN_LIT("barred"));
    else if (*text == '-')
        sio_socket_disconnect(held);
    else
        eio_websocket_on_message(&peer->websocket, *text == '!' ? FRAME_BINARY : FRAME_TEXT, bytes);
    if (!more)
        turn(0);
    free((char *)bytes.ptr);
}

static void peer_leave(struct peer *peer)
{
    eio_websocket_on_closed(&peer->websocket);
    turn(0);
    buffer_fini(&peer->heard);
}

static struct sio_options options = {
    .engine = {.ping_interval_ms = NEVER_MS,
               .ping_timeout_ms = NEVER_MS,
               .upgrade_timeout_ms = NEVER_MS,
               .max_payload = MAX_PAYLOAD,
               .max_outbox_bytes = MAX_OUTBOX,
               .allow_eio3 = true},
    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    .ack_timeout_ms = ACK_TIMEOUT_MS,
    .max_rooms_per_socket = 2,
    .max_namespaces_per_client = 2,
};

static int set_up(void **state)
{
    (void)state;
    version = 4;
    held = NULL;
    buffer_clear(&journal);
    deadlines_init(&now, 1000);
    memset(&metrics, 0, sizeof(metrics));
    memset(&engine_metrics, 0, sizeof(engine_metrics));
    server = sio_server_new(&options, NULL, NULL, &now, &metrics, &engine_metrics);
    root = add_namespace("/");
    admin = add_namespace("/admin");
    (void)add_namespace("/third");
    add_guarded_namespace();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(metric_get(&metrics.sockets), 0);
    assert_int_equal(sio_namespace_socket_count(root), 0);
    assert_int_equal(rooms_count(sio_namespace_rooms(root)), 0);
    sio_server_free(server);
    buffer_fini(&journal);
    return 0;
}

struct dialogue {
    const char *name;
    unsigned version;
    const char *says[12];
    const char *hears;
    const char *told;
};

#define SID "{\"sid\":\"*\"}"

// clang-format off
static const struct dialogue dialogues[] = {
    {"connects", 4, {"40"}, "40" SID, "asks / "},
    {"connects with auth", 4, {"40{\"a\":1}"}, "40" SID, "asks / {\"a\":1}"},
    {"connects to a namespace", 4, {"40/admin,"}, "40/admin," SID, "asks /admin "},
    {"connects to two", 4, {"40", "40/admin,"}, "40" SID "|40/admin," SID, "asks / |asks /admin "},
    {"is refused", 4, {"40{\"refuse\":1}"}, "44{\"message\":\"not \\\"you\\\"\"}", "asks / {\"refuse\":1}"},
    {"is refused, tries again", 4, {"40{\"refuse\":1}", "40"}, "44{*}|40" SID, "asks / {\"refuse\":1}|asks / "},
    {"is refused, tries again at once", 4, {"&40{\"refuse\":1}", "40"}, "44{*}|40" SID, "asks / {\"refuse\":1}|asks / "},
    {"unknown namespace", 4, {"40/nope,"}, "44/nope,{\"message\":\"Invalid namespace\"}", ""},
    {"no query in names of version 4", 4, {"40/admin?a=b,"}, "44/admin?a=b,{\"message\":\"Invalid namespace\"}", ""},
    {"more namespaces than allowed", 4, {"40", "40/admin,", "40/third,"}, "40*|40/admin,*|44/third,{\"message\":\"Too many namespaces\"}", "*"},
    {"connects twice", 4, {"40", "40"}, "40*|close 1002", "asks / |gone / parse error"},
    {"connects twice at once", 4, {"&40", "40"}, "40*|close 1002", "asks / |gone / parse error"},
    {"connects while it waits", 4, {"40{\"wait\":1}", "40"}, "close 1002", "asks / *|gone / parse error"},
    {"talks while it waits", 4, {"40{\"wait\":1}", "42[\"hi\"]"}, "close 1002", "asks / *|gone / parse error"},
    {"leaves while it waits", 4, {"40{\"wait\":1}", "41"}, "close 1002", "asks / *|gone / parse error"},
    {"talks before it connects", 4, {"42[\"hi\"]"}, "close 1002", ""},
    {"talks in the payload of its connect", 4, {"&40", "42[\"hi\"]"}, "40" SID, "asks / |event / hi "},
    {"talks to another namespace", 4, {"40", "42/admin,[\"hi\"]"}, "40*|close 1002", "asks / |gone / parse error"},
    {"disconnects before it connects", 4, {"41"}, "close 1002", ""},
    {"answers before it connects", 4, {"430[]"}, "close 1002", ""},
    {"garbage", 4, {"4abc"}, "close 1002", ""},
    {"broken JSON", 4, {"40", "42[\"hi\""}, "40*|close 1002", "asks / |gone / parse error"},
    {"reserved event", 4, {"40", "42[\"disconnect\"]"}, "40*|close 1002", "asks / |gone / parse error"},
    {"connect error from the client", 4, {"40", "44{}"}, "40*|close 1002", "asks / |gone / parse error"},
    {"talks on after garbage", 4, {"&40", "&4x", "42[\"hi\"]"}, "40*|close 1002", "asks / |gone / parse error"},

    {"event", 4, {"40", "42[\"hi\",1,{}]"}, "40*", "asks / |event / hi 1,{}"},
    {"event in a namespace", 4, {"40/admin,", "42/admin,[\"hi\"]"}, "40*", "asks /admin |event /admin hi "},
    {"event named by a number", 4, {"40", "42[7]"}, "40*", "asks / |event / 7 "},
    {"event with an escaped name", 4, {"40", "42[\"\\u0065cho\",1]"}, "40*|42[\"back\",1]", "asks / |event / echo 1"},
    {"event with an ack", 4, {"40", "420[\"echo\",1,2]"}, "40*|42[\"back\",1,2]|430[1,2]", "asks / |event / echo 1,2"},
    {"ack in a namespace", 4, {"40/admin,", "42/admin,12[\"ack\"]"}, "40*|43/admin,12[\"one\"]", "*"},
    {"ack that nobody wants", 4, {"40", "42[\"ack\"]"}, "40" SID, "*"},

    {"disconnects", 4, {"40", "41"}, "40" SID, "asks / |gone / client namespace disconnect"},
    {"disconnects, connects again", 4, {"40", "41", "40"}, "40*|40" SID, "asks / |gone / *|asks / "},
    {"disconnects, connects again at once", 4, {"40", "&41", "40"}, "40*|40" SID, "asks / |asks / |gone / *"},
    {"comes and goes", 4, {"40", "41", "40", "41", "40", "40/admin,"}, "40*|40*|40*|40/admin," SID, "*"},
    {"disconnects, and stays nowhere", 4, {"40", "41", "+44999", "40/x,", "+1", "40/x,"}, "40*|44/x,*|close 1000", "asks / |gone / client namespace disconnect"},
    {"disconnects, and comes back in time", 4, {"40", "41", "+44999", "40", "+45000", "421[\"ack\"]"}, "40*|40*|431[\"one\"]", "asks / |gone / client namespace disconnect|asks / |event / ack "},
    {"disconnects, comes back, and leaves again", 4, {"40", "41", "+44999", "40", "41", "+44999", "40/x,", "+1"}, "40*|40*|44/x,*|close 1000", "asks / |gone / client namespace disconnect|asks / |gone / client namespace disconnect"},
    {"leaves one namespace of two", 4, {"40", "40/admin,", "41", "+90000", "42/admin,1[\"ack\"]"}, "40*|40/admin,*|43/admin,1[\"one\"]", "asks / |asks /admin |gone / client namespace disconnect|event /admin ack "},
    {"leaves both of them", 4, {"40", "40/admin,", "41", "+30000", "41/admin,", "+45000"}, "40*|40/admin,*|close 1000", "asks / |asks /admin |gone / client namespace disconnect|gone /admin client namespace disconnect"},
    {"disconnects, version 3", 3, {"41", "+45000"}, "40|close 1000", "asks / |gone / client namespace disconnect"},
    {"disconnects, talks", 4, {"40", "41", "42[\"hi\"]"}, "40*|close 1002", "asks / |gone / client namespace disconnect"},
    {"disconnects from one of two", 4, {"40", "40/admin,", "41/admin,", "42[\"hi\"]"}, "40*|40/admin,*", "asks / |asks /admin |gone /admin client namespace disconnect|event / hi "},
    {"is disconnected", 4, {"40", "421[\"kick\"]"}, "40*|41", "asks / |event / kick |gone / server namespace disconnect"},
    {"is disconnected, connects again", 4, {"40", "42[\"kick\"]", "40"}, "40*|41|40*", "*"},
    {"is disconnected from a namespace", 4, {"40/admin,", "42/admin,[\"kick\"]"}, "40*|41/admin,", "*"},
    {"its transport is closed", 4, {"40", "42[\"close\"]"}, "40*|close 1000", "asks / |event / close |gone / forced close"},
    {"says goodbye", 4, {"40", "40/admin,", "1"}, "40*|40*|*close 1000", "asks / |asks /admin |gone / transport close|gone /admin transport close"},
    {"rooms can be read at the end", 4, {"40", "42[\"join\",1]", "42[\"join\",2]", "42[\"join\",1]", "42[\"join\",3]", "41"}, "40*",
        "asks / |event / join 1|joins 0|event / join 2|joins 0|event / join 1|joins 1|event / join 3|joins 2|gone / client namespace disconnect|was in 1|was in 2"},

    {"guarded: passes", 4, {"40/guarded,{\"a\":1}"}, "40/guarded," SID, "first {\"a\":1}|second {\"a\":1}|asks /guarded {\"a\":1}"},
    {"guarded: passes without auth", 4, {"40/guarded,"}, "40/guarded," SID, "first |second |asks /guarded "},
    {"guarded: data of a socket are freed after its end", 4, {"40/guarded,", "41/guarded,"}, "40*", "first |second |asks /guarded |gone /guarded client namespace disconnect|freed"},
    {"guarded: the first bars it", 4, {"40/guarded,{\"first\":\"bar\"}"}, "44/guarded,{\"message\":\"barred\"}", "first *}|freed"},
    {"guarded: the second bars it", 4, {"40/guarded,{\"second\":\"bar\"}"}, "44/guarded,{\"message\":\"barred\"}", "first *}|second *}|freed"},
    {"guarded: on_connect refuses", 4, {"40/guarded,{\"refuse\":1}"}, "44/guarded,{*}", "first *}|second *}|asks *}|freed"},
    {"guarded: barred, tries again", 4, {"40/guarded,{\"first\":\"bar\"}", "40/guarded,"}, "44*|40/guarded," SID, "first *|freed|first |second |asks /guarded "},
    {"guarded: other namespaces are not", 4, {"40/admin,{\"first\":\"bar\"}"}, "40/admin," SID, "asks /admin {*}"},
    {"guarded: version 3", 3, {"40/guarded?second=bar,"}, "40|44/guarded,\"barred\"", "asks / |first *}|second {\"second\":\"bar\"}|freed"},
    {"guarded: the first takes its time", 4, {"40/guarded,{\"first\":\"hold\"}", "+1000", ">"}, "40/guarded," SID, "first *}|second {\"first\":\"hold\"}|asks /guarded {\"first\":\"hold\"}"},
    {"guarded: the second takes its time", 4, {"40/guarded,{\"second\":\"hold\"}", "+1000", ">"}, "40/guarded," SID, "first *}|second *}|asks *}"},
    {"guarded: both take their time", 4, {"40/guarded,{\"first\":\"hold\",\"second\":\"hold\"}", ">", "+1000", ">"}, "40/guarded," SID, "first *}|second *}|asks *}"},
    {"guarded: the first waits without auth", 4, {"40/guarded,{\"first\":\"hold\"}", ">", "41/guarded,", "40/guarded,"}, "40*|40*", "*"},
    {"guarded: barred later", 4, {"40/guarded,{\"first\":\"hold\"}", "+1000", "<"}, "44/guarded,{\"message\":\"barred\"}", "first *}|freed"},
    {"guarded: let on in vain", 4, {"40/guarded,{\"first\":\"hold\",\"second\":\"bar\"}", ">"}, "44/guarded,{*}", "first *}|second *}|freed"},
    {"guarded: let on twice", 4, {"40/guarded,{\"first\":\"twice\"}"}, "40/guarded," SID, "first *}|second *}|asks *}"},
    {"guarded: let on and barred", 4, {"40/guarded,{\"first\":\"both\"}"}, "44/guarded,{*}", "first *}|freed"},
    {"guarded: let on when on_connect was asked", 4, {"40/guarded,{\"wait\":1}", ">"}, "", "first *}|second *}|asks *}"},
    {"guarded: let on in the turn of its end", 4, {"40/guarded,{\"second\":\"hold\"}", "&-", ">"}, "41/guarded,", "first *}|second *}|freed"},
    {"guarded: talks meanwhile", 4, {"40/guarded,{\"first\":\"hold\"}", "42/guarded,[\"hi\"]"}, "close 1002", "first *}|freed"},
    {"guarded: goes meanwhile", 4, {"40/guarded,{\"second\":\"hold\"}", "1"}, "*close 1000", "first *}|second *}|freed"},
    {"guarded: for too long", 4, {"40/guarded,{\"first\":\"hold\"}", "+44999", "+1"}, "close 1000", "first *}|freed"},

    {"connects to nothing", 4, {"+44999", "+1"}, "close 1000", ""},
    {"connects to nothing that there is", 4, {"40/nope,", "+45000"}, "44*|close 1000", ""},
    {"is never answered", 4, {"40{\"wait\":1}", "+45000"}, "close 1000", "asks / *|gone / forced close"},
    {"connects in time", 4, {"+44999", "40", "+100000"}, "40" SID, "asks / "},

    {"is asked", 4, {"40", "42[\"ask\"]", "430[true,2]"}, "40*|420[\"q\",1]", "asks / |event / ask |q answered true,2"},
    {"is asked twice, answers the second", 4, {"40", "42[\"ask\"]", "42[\"ask\"]", "431[]"}, "40*|420[\"q\",1]|421[\"q\",1]", "asks / |event / ask |event / ask |q answered *"},
    {"answers twice", 4, {"40", "42[\"ask\"]", "430[1]", "430[2]"}, "40*|420[\"q\",1]", "asks / |event / ask |q answered 1"},
    {"answers without an id", 4, {"40", "42[\"ask\"]", "43[1]", "430[2]"}, "40*|420[\"q\",1]", "asks / |event / ask |q answered 2"},
    {"answers what nobody asked", 4, {"40", "43999[]", "43[]", "42[\"hi\"]"}, "40" SID, "asks / |event / hi "},
    {"answers with attachments", 4, {"40", "42[\"ask\"]", "461-0[{\"_placeholder\":true,\"num\":0}]", "!abc"}, "40*", "asks / |event / ask |q answered {*}"},
    {"is asked again in the answer", 4, {"40", "42[\"ask\"]", "430[\"again\"]", "431[3]"}, "40*|420[\"q\",1]|421[\"q2\"]", "asks / |event / ask |q answered \"again\"|q2 answered 3"},
    {"does not answer", 4, {"40", "42[\"ask\"]", "+4999", "+1", "430[1]"}, "40*|420*", "asks / |event / ask |q timed out -"},
    {"leaves without an answer", 4, {"40", "42[\"ask\"]", "41", "+5000"}, "40*|420*", "asks / |event / ask |q disconnected -|gone / client namespace disconnect"},
    {"vanishes without an answer", 4, {"40", "42[\"ask\"]", "1", "+5000"}, "40*|420*", "asks / |event / ask |q disconnected -|gone / transport close"},
    {"each namespace counts for itself", 4, {"40", "40/admin,", "42[\"ask\"]", "42/admin,[\"ask\"]"}, "40*|40*|420[\"q\",1]|42/admin,0[\"q\",1]", "*"},
    {"is asked too much", 4, {"40", "42[\"ask-much\"]", "42[\"ask\"]", "430[]", "42[\"ask\"]"}, "40*|420*|4263[\"q\"]|4264[\"q\",1]", "asks / |event / ask-much |asked 64|event / ask |too many| answered |event / ask "},

    {"binary event", 4, {"40", "452-[\"echo\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]", "!one", "!two"},
        "40*|452-[\"back\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]|!one|!two", "asks / |event / echo {*}"},
    {"binary event with an ack", 4, {"40/admin,", "451-/admin,3[\"echo\",{\"_placeholder\":true,\"num\":0}]", "!one"},
        "40*|451-/admin,[\"back\",{*}]|!one|461-/admin,3[{\"_placeholder\":true,\"num\":0}]|!one", "*"},
    {"empty attachment", 4, {"40", "451-[\"echo\"]", "!"}, "40*|451-[\"back\"]|!", "*"},
    {"binary event in the payload of its connect", 4, {"&40", "&451-[\"echo\"]", "!x"}, "40*|451-[\"back\"]|!x", "*"},
    {"two binary events", 4, {"40", "451-[\"echo\"]", "!x", "451-[\"echo\"]", "!y"}, "40*|451-[\"back\"]|!x|451-[\"back\"]|!y", "*"},
    {"text in the middle", 4, {"40", "452-[\"echo\"]", "!x", "42[\"hi\"]"}, "40*|close 1002", "asks / |gone / parse error"},
    {"binary data for nothing", 4, {"40", "!x"}, "40*|close 1002", "asks / |gone / parse error"},
    {"one attachment too many", 4, {"40", "451-[\"hi\"]", "!x", "!y"}, "40*|close 1002", "asks / |event / hi |gone / parse error"},
    {"binary event before it connects", 4, {"451-[\"hi\"]"}, "close 1002", ""},
    {"placeholder out of range", 4, {"40", "451-[\"hi\",{\"_placeholder\":true,\"num\":1}]"}, "40*|close 1002", "asks / |gone / parse error"},
    {"attachments do not come", 4, {"40", "452-[\"hi\"]", "+59999", "!x", "+59999", "+1"}, "40*|close 1002", "asks / |gone / parse error"},
    {"attachments come in time", 4, {"40", "452-[\"hi\"]", "+59999", "!x", "+59999", "!y", "+60000"}, "40" SID, "asks / |event / hi "},
    {"connects elsewhere in the middle", 4, {"40{\"wait\":1}", "40/admin,", "452-/admin,[\"hi\"]", "+30000", "!x", "!y"}, "40/admin,*", "asks / *|asks /admin |event /admin hi "},

    {"version 3 is connected by itself", 3, {"42[\"hi\"]"}, "40", "asks / |event / hi "},
    {"version 3 asks for the root", 3, {"40"}, "40|close 1002", "asks / |gone / parse error"},
    {"version 3 in a namespace", 3, {"40/admin,"}, "40|40/admin,", "asks / |asks /admin "},
    {"version 3 with auth", 3, {"40/admin?token=a%20b&x=%22&y&=&z=1+1,"}, "40|40/admin,", "asks / |asks /admin {\"token\":\"a b\",\"x\":\"\\\"\",\"y\":\"\",\"\":\"\",\"z\":\"1 1\"}"},
    {"version 3 is refused", 3, {"40/admin?refuse=1"}, "40|44/admin,\"not \\\"you\\\"\"", "*"},
    {"version 3, unknown namespace", 3, {"40/nope?a=b,"}, "40|44/nope,{\"message\":\"Invalid namespace\"}", "asks / "},
    {"version 3, binary event", 3, {"451-[\"echo\",{\"_placeholder\":true,\"num\":0}]", "!\4one"}, "40|451-[\"back\",{*}]|!\4one", "*"},
    {"version 3, too many", 3, {"40/admin,", "40/third,"}, "40|40/admin,|44/third,\"Too many namespaces\"", "*"},
};
// clang-format on

// Ten packets and 400 bytes at once; one packet and 100 bytes more each second.
#define OVER  "{\"error\":\"Rate limit exceeded\"}"
#define HI    "42[\"hi\"]"
#define TEN   "xxxxxxxxxx"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG  "42[\"hi\",\"" FIFTY TEN TEN TEN TEN "\"]" // 100 bytes without the 4
#define PIECE "!" FIFTY FIFTY FIFTY

// clang-format off
static const struct dialogue limited[] = {
    {"rate: up to the limit", 4, {"40", "x8 " HI, "421[\"ack\"]"}, "40*|431[\"one\"]", "*"},
    {"rate: one more", 4, {"40", "x9 " HI, "421[\"ack\"]"}, "40*|431[" OVER "]", "*|event / hi "},
    {"rate: one more without an ack", 4, {"40", "x9 " HI, "42[\"ack\"]"}, "40" SID, "*|event / hi "},
    {"rate: a second later", 4, {"40", "x9 " HI, "+999", "421[\"ack\"]", "+1", "422[\"ack\"]"}, "40*|431[" OVER "]|432[\"one\"]", "*"},
    {"rate: its JSON is not looked at", 4, {"40", "x9 " HI, "421[\"ack", "422{"}, "40*|431[" OVER "]|432[" OVER "]", "*"},
    {"rate: its prefix is", 4, {"40", "x9 " HI, "42/admin"}, "40*|close 1002", "*"},
    {"rate: in a namespace", 4, {"40/admin,", "x9 42/admin,[\"hi\"]", "42/admin,3[\"ack\"]"}, "40*|43/admin,3[" OVER "]", "*"},
    {"rate: CONNECT", 4, {"40", "x9 " HI, "40/admin,"}, "40*|44/admin,{\"message\":\"Rate limit exceeded\"}", "*|event / hi "},
    {"rate: CONNECT of version 3", 3, {"x10 " HI, "40/admin?a=b,"}, "40|44/admin,\"Rate limit exceeded\"", "*|event / hi "},
    {"rate: DISCONNECT", 4, {"40", "x9 " HI, "41"}, "40" SID, "*|gone / client namespace disconnect"},
    {"rate: answer", 4, {"40", "42[\"ask\"]", "x8 " HI, "430[1]", "+1000", "430[2]"}, "40*|420*", "*|q answered 2"},
    {"rate: binary event", 4, {"40", "x9 " HI, "452-1[\"hi\"]", "!x", "!y", "+1000", "422[\"ack\"]"}, "40*|431[" OVER "]|432[\"one\"]", "*"},
    {"rate: text before its attachments", 4, {"40", "x9 " HI, "452-[\"hi\"]", "!x", HI}, "40*|close 1002", "*"},
    {"rate: its attachments do not come", 4, {"40", "x9 " HI, "452-[\"hi\"]", "+59999", "!x", "+60000"}, "40*|close 1002", "*"},
    {"rate: its attachments came", 4, {"40", "x9 " HI, "452-[\"hi\"]", "!x", "!y", "+60000", "!z"}, "40*|close 1002", "*|gone / parse error"},
    {"rate: bytes", 4, {"40", "x3 " LONG, "421[\"ack\",\"" FIFTY FIFTY "\"]", "422[\"ack\"]"}, "40*|431[" OVER "]|432[\"one\"]", "*"},
    {"rate: bytes a second later", 4, {"40", "x3 " LONG, "+100", LONG, "4212[\"ack\"]", "+100", "4213[\"ack\"]"}, "40*|4312[" OVER "]|4313[\"one\"]", "*"},
    {"rate: bytes of attachments", 4, {"40", "451-[\"hi\"]", PIECE, "451-[\"hi\"]", PIECE, "451-7[\"hi\"]", PIECE, "428[\"ack\"]"}, "40*|437[" OVER "]|438[\"one\"]", "asks / |event / hi |event / hi |event / ack "},
    {"rate: bytes of the first of them", 4, {"40", "x3 " LONG, "452-7[\"hi\"]", PIECE, "!x", "428[\"ack\"]"}, "40*|437[" OVER "]|438[\"one\"]", "*"},
    {"rate: goes on", 4, {"40", "x9 " HI, "x100 " HI, "421[\"ack\"]"}, "40*|close 1008", "*|gone / rate limit"},
    {"rate: goes on for long enough", 4, {"40", "x9 " HI, "x100 " HI, "+100", HI}, "40" SID, "*|event / hi "},
    {"rate: goes on with attachments", 4, {"40", "x50 4510-[\"hi\"]"}, "40*|close 1002", "*"},
};
// clang-format on

static void plays_out(void **state)
{
    const struct dialogue *row = *state;
    struct peer peer;

    assert_int_equal(set_up(state), 0);
    version = row->version;
    peer_open(&peer);
    for (size_t i = 0; i < ARRAY_LEN(row->says) && row->says[i]; i++)
        say(&peer, row->says[i]);
    assert_matches(&peer.heard, row->hears);
    assert_matches(&journal, row->told);
    peer_leave(&peer);
    assert_int_equal(tear_down(state), 0);
}

static void plays_out_within_limits(void **state)
{
    options.engine.max_packets_per_second = 1;
    options.engine.max_bytes_per_second = 100;
    plays_out(state);
    options.engine.max_packets_per_second = options.engine.max_bytes_per_second = 0;
}

#define HOLD    "{\"first\":\"hold\"}"
#define BUDGET  16000
#define RESERVE (BUDGET / 16) // of memory_budget_is_spent()

static uint64_t kept(const struct memory_budget *budget)
{
    return metric_get(&budget->used[MEMORY_HANDSHAKES]);
}

// An auth payload is kept until the step answers, or the client goes.
static void auth_that_waits_counts_against_the_budget(void **state)
{
    static const char *const answers[] = {">", "<", "-", "&41"};
    struct memory_budget budget;

    (void)state;
    sio_server_free(server);
    memory_budget_init(&budget, BUDGET);
    options.engine.memory = &budget;
    (void)set_up(NULL);
    options.engine.memory = NULL;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct peer waits, comes_late;
        peer_open(&waits);
        peer_open(&comes_late);
        uint64_t before = kept(&budget);
        size_t rest = BUDGET - RESERVE - budget.total;
        memory_budget_charge(&budget, MEMORY_HTTP, rest);
        say(&waits, "40/guarded," HOLD);
        assert_int_equal(kept(&budget), before + strlen(HOLD));
        struct sio_socket *socket = held;
        say(&comes_late, "40/guarded," HOLD);
        assert_matches(&comes_late.heard, "close 1013");
        held = socket;
        say(&waits, answers[i]);
        turn(0);
        assert_true(kept(&budget) <= before);
        memory_budget_give(&budget, MEMORY_HTTP, rest);
        peer_leave(&comes_late);
        peer_leave(&waits);
        assert_int_equal(kept(&budget), 0);
    }
    assert_int_equal(metric_get(&budget.refused[MEMORY_HANDSHAKES]), ARRAY_LEN(answers));
}

static void refusals_are_counted(void **state)
{
    struct peer peer;

    (void)state;
    sio_server_free(server);
    options.engine.max_packets_per_second = 1;
    (void)set_up(NULL);
    options.engine.max_packets_per_second = 0;
    peer_open(&peer);
    say(&peer, "40");
    say(&peer, "x9 " HI);
    assert_int_equal(metric_get(&engine_metrics.rate_refused), 0);
    say(&peer, "x3 " HI);
    assert_int_equal(metric_get(&engine_metrics.rate_refused), 3);
    say(&peer, "x98 " HI);
    assert_int_equal(metric_get(&engine_metrics.closed[EIO_RATE_LIMIT]), 1);
    peer_leave(&peer);
}

static void accepts_later(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    assert_non_null(held);
    struct sio_handshake handshake = sio_socket_handshake(held);
    assert_span(handshake.authorization, "Bearer x");
    assert_span(handshake.query, "EIO=4&transport=websocket");
    assert_ptr_not_equal(handshake.query.ptr, requests[4].query.ptr);
    assert_span(handshake.peer, "192.0.2.1");
    assert_ptr_not_equal(handshake.peer.ptr, requests[4].peer.ptr);
    sio_socket_emit(held, SPAN_LIT("before"), (struct span){0});
    sio_socket_accept(held);
    sio_socket_accept(held);
    assert_span(sio_socket_handshake(held).authorization, "Bearer x");
    turn(0);
    assert_matches(&peer.heard, "42[\"before\"]|40" SID);
    turn(0);
    assert_null(sio_socket_handshake(held).authorization.ptr);
    peer_leave(&peer);
}

static void handshake_goes_with_the_next_packet_at_the_latest(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    struct sio_socket *socket = held;
    sio_socket_accept(socket);
    say(&peer, "&451-[\"hi\"]"); // needs the deadline that would have dropped it
    assert_null(sio_socket_handshake(socket).authorization.ptr);
    peer_leave(&peer);
}

static void handshake_may_be_kept(void **state)
{
    struct peer peer;

    (void)state;
    tear_down(state);
    options.keep_handshake = true;
    set_up(state);
    options.keep_handshake = false;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    struct sio_socket *socket = held;
    sio_socket_accept(socket);
    turn(0);
    turn(CONNECT_TIMEOUT_MS);
    assert_true(sio_socket_is_connected(socket));
    assert_span(sio_socket_handshake(socket).authorization, "Bearer x");
    peer_leave(&peer);
}

// Letting a socket in has no effect on what the client's other socket waits for.
static void accepting_leaves_attachments_awaited(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    say(&peer, "40/admin,");
    say(&peer, "451-/admin,[\"hi\"]");
    sio_socket_accept(held);
    turn(SIO_ATTACHMENT_WAIT_MS);
    assert_matches(&peer.heard, "*|close 1002");
    peer_leave(&peer);
}

static void refuses_later(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    assert_non_null(held);
    sio_socket_refuse(held, SPAN_LIT("no"));
    turn(0);
    assert_matches(&peer.heard, "44{\"message\":\"no\"}");
    assert_matches(&journal, "asks / {\"wait\":1}");
    assert_int_equal(metric_get(&metrics.connects_refused), 1);
    peer_leave(&peer);
}

static void answer_after_the_end_is_ignored(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    struct sio_socket *socket = held;
    sio_socket_disconnect(socket);
    sio_socket_accept(socket);
    sio_socket_refuse(socket, SPAN_LIT("no"));
    turn(0);
    assert_matches(&peer.heard, "41");
    assert_matches(&journal, "asks / {\"wait\":1}|gone / server namespace disconnect");
    peer_leave(&peer);
}

static size_t emit_news(struct sio_namespace *nsp, struct span args, struct span except)
{
    const struct sio_broadcast news = {.name = SPAN_LIT("news"), .args = args};
    struct room *room = rooms_find(sio_namespace_rooms(nsp), SPAN_LIT("7"));

    return room ? sio_namespace_emit(nsp, room, except, &news) : 0;
}

static size_t emit_to_union(struct span except)
{
    const struct sio_broadcast news = {.name = SPAN_LIT("news"), .args = SPAN_LIT("1")};
    const struct span more[] = {SPAN_INIT("nobody is here"), SPAN_INIT("8")};

    return sio_namespace_emit_to_union(root, SPAN_LIT("7"), more, ARRAY_LEN(more), except, &news);
}

// Ann is in both rooms, bob in the second one, eve in none.
static void an_event_of_several_rooms_comes_once(void **state)
{
    struct peer ann, bob, eve;
    char except[64];

    (void)state;
    peer_open(&ann);
    peer_open(&bob);
    peer_open(&eve);
    say(&ann, "40{\"wait\":1}");
    struct sio_socket *socket = held;
    assert_int_equal(sio_socket_join(socket, SPAN_LIT("8")), ROOMS_JOINED);
    sio_socket_accept(socket);
    say(&ann, "42[\"join\",7]");
    say(&bob, "40");
    say(&bob, "42[\"join\",8]");
    say(&eve, "40");

    assert_int_equal(emit_to_union((struct span){0}), 2);
    assert_int_equal(emit_to_union((struct span){0}), 2);
    snprintf(except, sizeof(except), "%s", sio_socket_id(socket));
    assert_int_equal(emit_to_union(span_of(except)), 1);
    sio_socket_disconnect(socket);
    assert_int_equal(emit_to_union((struct span){0}), 1);
    turn(0);

    assert_matches(&ann.heard, "40" SID "|42[\"news\",1]|42[\"news\",1]|41");
    assert_matches(&bob.heard, "40" SID "|42[\"news\",1]|42[\"news\",1]|42[\"news\",1]|"
                               "42[\"news\",1]");
    assert_matches(&eve.heard, "40" SID);
    peer_leave(&ann);
    peer_leave(&bob);
    peer_leave(&eve);
}

static void an_event_reaches_members(void **state)
{
    struct peer ann, bob, eve;
    char except[64];

    (void)state;
    peer_open(&ann);
    peer_open(&bob);
    peer_open(&eve);
    say(&ann, "40{\"wait\":1}");
    struct sio_socket *socket = held;
    assert_int_equal(sio_socket_join(socket, SPAN_LIT("7")), ROOMS_JOINED);
    say(&bob, "40");
    say(&bob, "42[\"join\",7]");
    say(&eve, "40");

    const struct span args = SPAN_LIT("1"), nobody = {0};
    assert_int_equal(emit_news(root, args, nobody), 1); // ann is not in yet
    sio_socket_accept(socket);
    assert_int_equal(emit_news(root, args, nobody), 2);
    snprintf(except, sizeof(except), "%s", sio_socket_id(socket));
    assert_int_equal(emit_news(root, args, span_of(except)), 1);
    assert_int_equal(emit_news(admin, args, nobody), 0);
    sio_socket_disconnect(socket);
    assert_int_equal(emit_news(root, args, nobody), 1);
    turn(0);

    assert_matches(&ann.heard, "40" SID "|42[\"news\",1]|41");
    assert_matches(&bob.heard,
                   "40" SID "|42[\"news\",1]|42[\"news\",1]|42[\"news\",1]|42[\"news\",1]");
    assert_matches(&eve.heard, "40" SID);
    assert_int_equal(metric_get(&metrics.deliveries), 5);
    peer_leave(&ann);
    peer_leave(&bob);
    peer_leave(&eve);
}

// A member that does not read is closed while the room is walked; the others get everything.
static void slow_member_is_closed(void **state)
{
    struct peer slow, quick;

    (void)state;
    peer_open(&slow);
    peer_open(&quick);
    say(&slow, "40");
    say(&slow, "42[\"join\",7]");
    say(&quick, "40");
    say(&quick, "42[\"join\",7]");
    buffer_clear(&journal);
    slow.congested = true;

    char text[400] = "\"";
    memset(text + 1, 'x', sizeof(text) - 2);
    text[sizeof(text) - 1] = '"';
    for (int i = 0; i < 10; i++) {
        (void)emit_news(root, (struct span){text, sizeof(text)}, (struct span){0});
        eio_server_flush(sio_server_engine(server));
    }
    assert_matches(&journal, "gone / slow consumer|was in 7");
    assert_int_equal(sio_namespace_socket_count(root), 1);
    assert_true(quick.heard.len > 10 * sizeof(text));
    peer_leave(&slow);
    peer_leave(&quick);
}

static void kick_visited(struct sio_socket *socket, void *arg)
{
    ++*(int *)arg;
    sio_socket_disconnect(socket);
}

static void visited_sockets_may_be_disconnected(void **state)
{
    struct peer ann, bob;
    int visits = 0;

    (void)state;
    peer_open(&ann);
    peer_open(&bob);
    say(&ann, "40");
    say(&ann, "42[\"join\",7]");
    say(&bob, "40");
    say(&bob, "42[\"join\",7]");
    sio_namespace_each_in(root, SPAN_LIT("7"), kick_visited, &visits);
    sio_namespace_each_in(root, SPAN_LIT("7"), kick_visited, &visits);
    assert_int_equal(visits, 2);
    turn(0);
    assert_matches(&ann.heard, "*|41");
    assert_matches(&bob.heard, "*|41");
    assert_int_equal(rooms_count(sio_namespace_rooms(root)), 0);
    peer_leave(&ann);
    peer_leave(&bob);
}

// Of one binary packet, text and attachments together may have max_payload bytes.
static void attachments_are_limited_in_total(void **state)
{
    char header[64] = "42", attachment[MAX_PAYLOAD] = "!";
    const char *packet = "52-[\"hi\"]";
    struct peer peer;

    (void)state;
    snprintf(header, sizeof(header), "4%s", packet);
    memset(attachment + 1, 'x', MAX_PAYLOAD / 2);
    peer_open(&peer);
    say(&peer, "40");
    say(&peer, header);
    say(&peer, attachment);
    memset(attachment + 1, 0, MAX_PAYLOAD - 1);
    memset(attachment + 1, 'x', MAX_PAYLOAD / 2 - strlen(packet));
    say(&peer, attachment);
    assert_matches(&journal, "asks / |event / hi ");

    say(&peer, header);
    say(&peer, attachment);
    memset(attachment + 1, 'x', MAX_PAYLOAD / 2 + 1);
    say(&peer, attachment);
    assert_matches(&peer.heard, "40*|close 1002");
    assert_int_equal(metric_get(&metrics.bad_packets), 1);
    peer_leave(&peer);
}

static void socket_ids(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    say(&peer, "40{\"wait\":1}");
    assert_int_equal(strlen(sio_socket_id(held)), SIO_ID_LEN);
    assert_null(strstr(sio_socket_id(held), peer.websocket.session->sid));
    peer_leave(&peer);

    version = 3;
    peer_open(&peer);
    say(&peer, "40/admin?wait=1");
    assert_null(strstr(sio_socket_id(held), peer.websocket.session->sid));
    char expected[64];
    snprintf(expected, sizeof(expected), "/admin#%s",
             eio_session_name(peer.websocket.session).text);
    assert_string_equal(sio_socket_id(held), expected);
    assert_int_equal(sio_socket_version(held), 3);
    peer_leave(&peer);
}

static void counts(void **state)
{
    struct peer peer;

    (void)state;
    peer_open(&peer);
    turn(300);
    say(&peer, "40");
    say(&peer, "40/admin,"); // only the first namespace is waited for
    assert_int_equal(histogram_count(&metrics.connect_ms), 1);
    assert_int_equal(metric_get(&metrics.connect_ms.sum), 300);
    say(&peer, "41/admin,");
    say(&peer, "42[\"echo\"]");
    say(&peer, "430[]");
    assert_int_equal(metric_get(&metrics.sockets), 1);
    assert_int_equal(metric_get(&metrics.connects), 2);
    assert_int_equal(metric_get(&metrics.events_in), 1);
    assert_int_equal(metric_get(&metrics.acks_in), 1);
    assert_int_equal(metric_get(&metrics.deliveries), 1);
    peer_leave(&peer);
    peer_open(&peer);
    turn(CONNECT_TIMEOUT_MS);
    assert_int_equal(metric_get(&metrics.connect_timeouts), 1);
    peer_leave(&peer);
}

#define WITH_SERVER(test)                                                                          \
    (struct CMUnitTest) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(dialogues) + ARRAY_LEN(limited) + 15];
    size_t count = 0;

    ADD_ROWS(tests, count, dialogues, plays_out);
    ADD_ROWS(tests, count, limited, plays_out_within_limits);
    tests[count++] = WITH_SERVER(accepts_later);
    tests[count++] = WITH_SERVER(handshake_goes_with_the_next_packet_at_the_latest);
    tests[count++] = WITH_SERVER(handshake_may_be_kept);
    tests[count++] = WITH_SERVER(accepting_leaves_attachments_awaited);
    tests[count++] = WITH_SERVER(refuses_later);
    tests[count++] = WITH_SERVER(answer_after_the_end_is_ignored);
    tests[count++] = WITH_SERVER(an_event_of_several_rooms_comes_once);
    tests[count++] = WITH_SERVER(an_event_reaches_members);
    tests[count++] = WITH_SERVER(slow_member_is_closed);
    tests[count++] = WITH_SERVER(visited_sockets_may_be_disconnected);
    tests[count++] = WITH_SERVER(attachments_are_limited_in_total);
    tests[count++] = WITH_SERVER(socket_ids);
    tests[count++] = WITH_SERVER(counts);
    tests[count++] = WITH_SERVER(auth_that_waits_counts_against_the_budget);
    tests[count++] = WITH_SERVER(refusals_are_counted);
    return cmocka_run_group_tests_name("socketio server", tests, NULL, NULL);
}
