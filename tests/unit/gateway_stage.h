// A whole gateway, up to three clients of it on WebSockets, and a fake bus. The wall clock is the
// real one.
#pragma once

#include "common/clock.h"
#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/gateway.h"
#include "tests/unit/fake_bus.h"
#include "tests/unit/fake_engine.h"
#include "tests/unit/pattern.h"
#include "tests/unit/token_maker.h"

#define NEVER_MS 1000000000
#define PEERS    3

#define hears(who, pattern) assert_matches(&peers[who].wrote, pattern)

static struct deadlines clock_;
static struct fake_bus bus;
static struct gateway *gateway;
static struct gateway_metrics metrics;
static struct sio_metrics socketio_metrics;
static struct eio_metrics engine_metrics;
static struct allowed_origins *origins;
static struct fake_websocket peers[PEERS];
static struct buffer sent, token;

// What most tests want. `service` may be NULL.
static inline struct gateway_options stage_options(const struct gateway_file *file,
                                                   struct authorization_service *service)
{
    return (struct gateway_options){
        .socketio =
            {
                .engine = {.ping_interval_ms = NEVER_MS,
                           .ping_timeout_ms = NEVER_MS,
                           .upgrade_timeout_ms = NEVER_MS,
                           .max_payload = 10000,
                           .max_outbox_bytes = 100000},
                .connect_timeout_ms = NEVER_MS,
                .max_rooms_per_socket = 3,
                .max_namespaces_per_client = 1,
                .room_note_bytes = (uint32_t)room_note_bytes(0),
            },
        .token = {.algorithms = TOKEN_HS256, .keys.secret = TOKEN_SECRET},
        .file = file,
        .room_services = {.service = service,
                          .types = file->rooms,
                          .timeout_ms = 5000,
                          .concurrency = 10,
                          .max_waiters = 10,
                          .cache_size = 10,
                          .cache_ms = 60000},
        .edge_id = "edge-1",
        .shards = 1,
    };
}

static inline void stage_begin(const struct gateway_options *options,
                               const struct gateway_handlers *handlers)
{
    struct gateway_options with_origins = *options;

    memset(&metrics, 0, sizeof(metrics));
    memset(&socketio_metrics, 0, sizeof(socketio_metrics));
    memset(&engine_metrics, 0, sizeof(engine_metrics));
    deadlines_init(&clock_, 1000000);
    fake_bus_init(&bus);
    with_origins.origins = origins = allowed_origins_new(NULL);
    gateway = gateway_new(&with_origins, handlers, &bus.bus, &clock_, &metrics, &socketio_metrics,
                          &engine_metrics);
    bus_report_up(&bus.bus, BUS_WHOLE);
}

static inline void turn(void)
{
    deadlines_run(&clock_, clock_.now_ms);
    gateway_flush(gateway);
}

static inline void leave(int who)
{
    if (!peers[who].open)
        return;
    peers[who].open = false;
    peers[who].closed = true;
    eio_websocket_on_closed(&peers[who].engine);
    turn();
}

static inline void stage_end(void)
{
    for (int who = 0; who < PEERS; who++) {
        leave(who);
        buffer_fini(&peers[who].wrote);
        peers[who] = (struct fake_websocket){0};
    }
    assert_int_equal(metric_get(&socketio_metrics.sockets), 0);
    gateway_free(gateway);
    fake_bus_fini(&bus);
    allowed_origins_free(origins);
    buffer_fini(&sent);
    buffer_fini(&token);
}

static inline struct span no_header(const struct http_request *request, const char *name)
{
    (void)request, (void)name;
    return (struct span){0};
}

static inline void open_peer(int who)
{
    const struct http_request request = {
        .method = HTTP_GET, .query = SPAN_LIT("EIO=4&transport=websocket"), .header = no_header};

    peers[who] = (struct fake_websocket){.sent = &sent, .wrote = peers[who].wrote};
    assert_true(websocket_open(&peers[who].engine, gateway_engine(gateway), &fake_websocket_ops,
                               &request, false));
    peers[who].open = true;
    turn();
}

// The client sends a text. Its buffer then has what it hears in answer, and nothing older.
static inline void say(int who, const char *text)
{
    struct span bytes = exact_copy(span_of(text));

    if (peers[who].wrote.len > 0)
        buffer_clear(&peers[who].wrote);
    eio_websocket_on_message(&peers[who].engine, FRAME_TEXT, bytes);
    free((char *)bytes.ptr);
    turn();
}

// The client connects with a token of this payload. `members` come before the token in CONNECT.
static inline void connect_peer(int who, const char *members, const char *payload)
{
    struct buffer packet = {0};

    open_peer(who);
    make_token(&token, TOKEN_HEADER, payload, TOKEN_SECRET);
    buffer_printf(&packet, "40{%s\"token\":\"%s\"}", members, token.ptr);
    say(who, packet.ptr);
    buffer_fini(&packet);
}

// What the gateway asked of the bus.
#define asked(pattern) assert_matches(&bus.asked, pattern)

// The bus brings a control message.
static inline void command(const struct control *control)
{
    struct buffer bytes = {0};

    control_encode(control, &bytes);
    bus.bus.control.on_control(BUS_WHOLE, buffer_span(&bytes), bus.bus.control.arg);
    buffer_fini(&bytes);
    turn();
}
