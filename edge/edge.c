#define LOG_MODULE "edge"

#include "edge/edge.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/ops_server.h"
#include "edge/edge_metrics.h"
#include "edge/edge_options.h"
#include "edge/engineio/server.h"
#include "edge/file_limits.h"
#include "edge/gateway/delivery/relay_status.h"

#define LIVE_STAMP_MS  1000
#define LIVE_WITHIN_MS 5000
#define DRAIN_STEP_MS  100
#define PATIENCE_MS    2000 // with Redis, before clients are let in without it

enum state { RUNNING = 0, DRAINING, CLOSING };

struct edge {
    const struct edge_settings *settings;
    enum state state;
    struct event_loop loop;
    struct edge_metrics metrics;
    struct buffer id;
    struct allowed_origins *origins;
    struct client_bundle *bundle;
    struct redis_bus_options bus_options;
    struct redis_sessions *sessions; // NULL: nothing is recovered
    struct redis_bus *bus;
    struct authorization_client_options authorization_options;
    struct authorization_client *authorization; // NULL: no service is asked who may join
    struct gateway *gateway;
    uint32_t connections;  // at most
    struct listener *port; // NULL: not listening yet
    struct ops_server *ops;
    struct turn_hook flush;
    uv_signal_t terminate, interrupt;
    struct deadline_queue stamps, drain_steps, patience;
    struct deadline stamp, drain_step, impatience;
    bool failed;
    size_t drain_clients; // when the drain began
    uint64_t drain_began_ms;
    // Read by the operations port's thread.
    metric alive_at_ms, draining;
};

// ---- the operations port, on its own thread

static const char *why_not_live(void *arg)
{
    struct edge *edge = arg;
    uint64_t silent_ms = clock_monotonic_ms() - metric_get(&edge->alive_at_ms);

    return silent_ms < LIVE_WITHIN_MS ? NULL : "the loop has not moved for 5 s";
}

static const char *why_not_ready(void *arg)
{
    struct edge *edge = arg;
    uint64_t now_ms = clock_monotonic_ms();

    if (metric_get(&edge->draining))
        return "draining";
    if (!metric_get(&edge->metrics.gateway.following))
        return "not subscribed to Redis";
    if (!redis_bus_is_answered(&edge->metrics.redis, now_ms))
        return "no answer of Redis for 3 s";
    if (!relay_status_is_fresh(&edge->metrics.gateway, now_ms))
        return "no heartbeat of a relay for 3 s";
    return listener_why_paused(&edge->metrics.port);
}

static void print_metrics(void *arg, struct buffer *out)
{
    edge_metrics_print(&((struct edge *)arg)->metrics, out);
}

static bool open_ops(struct edge *edge)
{
    const struct ops_probes probes = {
        .live = why_not_live, .ready = why_not_ready, .metrics = print_metrics, .arg = edge};

    edge->ops =
        ops_server_new(edge->settings->service_host, (uint16_t)edge->settings->ops_port, &probes);
    return edge->ops != NULL;
}

static void on_stamp(struct deadline *stamp, void *arg)
{
    struct edge *edge = arg;

    metric_set(&edge->alive_at_ms, clock_monotonic_ms());
    deadline_arm(stamp, &edge->stamps);
}

// ---- going down

static void on_bus_closed(void *arg)
{
    struct edge *edge = arg;

    event_loop_stop(&edge->loop);
}

static void on_authorization_closed(void *arg)
{
    struct edge *edge = arg;

    redis_bus_close(edge->bus, on_bus_closed, edge);
}

static void on_port_closed(void *arg)
{
    struct edge *edge = arg;

    if (edge->authorization)
        authorization_client_close(edge->authorization, on_authorization_closed, edge);
    else
        on_authorization_closed(edge);
}

static void close_all(struct edge *edge)
{
    edge->state = CLOSING;
    uv_close((uv_handle_t *)&edge->terminate, NULL);
    uv_close((uv_handle_t *)&edge->interrupt, NULL);
    if (edge->port)
        listener_close(edge->port, on_port_closed, edge);
    else
        on_port_closed(edge);
}

// How many clients may still be there at this moment of the drain, fewer and fewer.
static size_t drain_allows(const struct edge *edge)
{
    uint64_t length_ms = (uint64_t)edge->settings->drain_seconds * 1000;
    uint64_t past_ms = clock_monotonic_ms() - edge->drain_began_ms;

    if (past_ms >= length_ms)
        return 0;
    return (size_t)(edge->drain_clients * (length_ms - past_ms) / length_ms);
}

static void on_drain_step(struct deadline *step, void *arg)
{
    struct edge *edge = arg;
    struct eio_server *engine = gateway_engine(edge->gateway);
    size_t clients = eio_server_session_count(engine), allowed = drain_allows(edge);

    if (clients == 0) {
        close_all(edge);
        return;
    }
    if (clients > allowed)
        eio_server_close_some(engine, clients - allowed, EIO_SHUTTING_DOWN);
    deadline_arm(step, &edge->drain_steps);
}

static void drain(struct edge *edge)
{
    struct eio_server *engine = gateway_engine(edge->gateway);

    if (edge->state != RUNNING)
        return;
    edge->state = DRAINING;
    metric_set(&edge->draining, 1);
    edge->drain_clients = eio_server_session_count(engine);
    edge->drain_began_ms = clock_monotonic_ms();
    log_info("draining clients=%zu seconds=%d", edge->drain_clients,
             (int)edge->settings->drain_seconds);
    if (edge->port)
        listener_stop_accepting(edge->port);
    eio_server_refuse_new(engine);
    on_drain_step(&edge->drain_step, edge);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct edge *edge = handle->data;

    if (edge->state != RUNNING) {
        log_warn("ending at once signal=%d", number);
        _exit(128 + number);
    }
    log_info("stopping signal=%d", number);
    drain(edge);
}

static void on_drain_command(void *arg)
{
    drain(arg);
}

static void watch_signals(struct edge *edge)
{
    uv_signal_init(&edge->loop.uv, &edge->terminate);
    uv_signal_init(&edge->loop.uv, &edge->interrupt);
    edge->terminate.data = edge->interrupt.data = edge;
    uv_signal_start(&edge->terminate, on_signal, SIGTERM);
    uv_signal_start(&edge->interrupt, on_signal, SIGINT);
}

// ---- letting clients in

static void open_port(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;
    const struct listener_options options = {
        .host = s->service_host,
        .port = (uint16_t)s->port,
        .share_port = s->share_port,
        .head_timeout_ms = (uint32_t)s->head_timeout_ms,
        // Not before the heartbeats do: who was without a network for a while comes back to all
        // that it missed.
        .unacked_ms = (uint32_t)(s->ping_interval_ms + s->ping_timeout_ms),
        .max_body = (uint32_t)s->max_payload,
        .max_connections = edge->connections,
        .max_connections_per_address = (uint32_t)s->max_connections_per_address,
        .fd_reserve = count_spare_files(),
        .origins = edge->origins,
        .proxies = s->proxies,
        .memory = &edge->metrics.memory,
    };
    const struct listener_handlers handlers = {
        .on_http = gateway_on_http,
        .body_max = gateway_body_max,
        .find_engine = gateway_find_engine,
        .arg = edge->gateway,
    };

    if (edge->port || edge->state != RUNNING)
        return;
    deadline_cancel(&edge->impatience);
    edge->port = listener_new(&options, &handlers, &edge->loop, &edge->metrics.port);
    if (edge->port)
        return;
    edge->failed = true;
    close_all(edge);
}

// Clients that come before the log is found would have to be sent away again, since what they
// missed meanwhile cannot be known.
static void on_following(void *arg)
{
    open_port(arg);
}

// Without Redis the edge is of some use still: /health says what is wrong, and clients wait here.
static void on_impatience(struct deadline *impatience, void *arg)
{
    (void)impatience;
    open_port(arg);
}

// ---- building

static void print_for_clients(struct buffer *out, void *arg)
{
    print_metrics(arg, out);
}

static void flush(void *arg)
{
    struct edge *edge = arg;

    if (!gateway_flush(edge->gateway))
        event_loop_come_back(&edge->loop);
}

static void load_bundle(struct edge *edge)
{
    struct buffer folder = {0};

    find_bundle_folder(edge->settings, &folder);
    edge->bundle = client_bundle_load(folder.ptr);
    buffer_fini(&folder);
}

static void build_gateway(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;
    const struct gateway_options options = {
        .socketio = options_of_socketio(s, edge->connections, &edge->metrics.memory),
        .token = options_of_tokens(s),
        .allow_anonymous = s->allow_anonymous,
        .max_sockets_per_user = (uint32_t)s->max_sockets_per_user,
        .room_authorization = (enum room_authorization)s->room_authorization,
        .room_services = options_of_authorization_requests(
            s, edge->authorization ? authorization_client_interface(edge->authorization) : NULL),
        .recovery = options_of_recovery(s, edge->sessions ? redis_sessions_interface(edge->sessions)
                                                          : NULL),
        .edge_id = edge->id.ptr,
        .shards = (unsigned)s->bus_shards,
        .console_enabled = s->dev_console,
        .metrics_enabled = s->metrics_enabled,
        .metrics_rooms = s->metrics_rooms,
        .event_bus_host = s->rabbitmq_host,
        .event_bus_port = (uint32_t)s->rabbitmq_port,
        .origins = edge->origins,
        .bundle = edge->bundle,
    };
    const struct gateway_handlers handlers = {
        .on_drain = on_drain_command,
        .on_following = on_following,
        .print_metrics = print_for_clients,
        .arg = edge,
    };

    edge->gateway =
        gateway_new(&options, &handlers, redis_bus_interface(edge->bus), &edge->loop.deadlines,
                    &edge->metrics.gateway, &edge->metrics.socketio, &edge->metrics.engine);
    event_loop_add_hook(&edge->loop, &edge->flush, flush, edge);
}

static void build_bus(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;

    if (s->recovery_window > 0)
        edge->sessions = redis_sessions_new((uint32_t)s->recovery_window + RECOVERY_SLACK_S,
                                            edge->id.ptr, (unsigned)s->bus_shards);
    edge->bus_options = (struct redis_bus_options){
        .host = s->redis.host,
        .port = (uint16_t)s->redis.port,
        .password = s->redis.password,
        .database = (unsigned)s->redis.db,
        .shards = (unsigned)s->bus_shards,
        .edge_id = edge->id.ptr,
        .sessions = edge->sessions,
    };
    edge->bus = redis_bus_new(&edge->bus_options, &edge->loop, &edge->metrics.redis);
}

static void build_authorization(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;

    if (s->room_authorization != ROOM_AUTHORIZATION_SERVICE)
        return;
    edge->authorization_options = options_of_authorization_client(s);
    edge->authorization = authorization_client_new(&edge->authorization_options, &edge->loop);
    log_info("services say who may join messages=%s notifications=%s", s->message_service_url,
             s->notification_service_url);
}

static void start_clocks(struct edge *edge)
{
    deadline_queue_init(&edge->stamps, &edge->loop.deadlines, LIVE_STAMP_MS, on_stamp, edge);
    deadline_queue_init(&edge->drain_steps, &edge->loop.deadlines, DRAIN_STEP_MS, on_drain_step,
                        edge);
    deadline_queue_init(&edge->patience, &edge->loop.deadlines, PATIENCE_MS, on_impatience, edge);
    deadline_init(&edge->stamp);
    deadline_init(&edge->drain_step);
    deadline_init(&edge->impatience);
    deadline_arm(&edge->impatience, &edge->patience);
    on_stamp(&edge->stamp, edge);
}

static void warn_of_defaults(const struct edge_settings *settings)
{
    if (settings->secret_made_up)
        log_warn("JWT_SECRET is not set: every HS256 token is refused");
    if (settings->authorization_assumed)
        log_warn("ROOM_AUTHORIZATION is not set: everybody may join every room");
    if (settings->dev_console)
        log_info("the console is served at /console");
}

struct edge *edge_new(const struct edge_settings *settings)
{
    struct edge *edge = mem_zalloc(sizeof(*edge));

    edge->settings = settings;
    edge->connections = count_connections(settings);
    memory_budget_init(&edge->metrics.memory, count_memory(settings));
    make_edge_id(settings, &edge->id);
    warn_of_defaults(settings);
    event_loop_init(&edge->loop);
    start_clocks(edge);
    watch_signals(edge);
    edge->origins = allowed_origins_new(settings->cors_origin);
    load_bundle(edge);
    build_bus(edge);
    build_authorization(edge);
    build_gateway(edge);
    return edge;
}

bool edge_run(struct edge *edge)
{
    if (open_ops(edge)) {
        log_info("started edge=%s version=" GATEWAY_VERSION " connections=%" PRIu32, edge->id.ptr,
                 edge->connections);
        redis_bus_start(edge->bus);
    } else {
        edge->failed = true;
        close_all(edge);
    }
    event_loop_run(&edge->loop);
    log_info("stopped");
    return !edge->failed;
}

void edge_free(struct edge *edge)
{
    if (!edge)
        return;
    ops_server_free(edge->ops);
    listener_free(edge->port);
    event_loop_remove_hook(&edge->flush);
    gateway_free(edge->gateway);
    authorization_client_free(edge->authorization);
    redis_bus_free(edge->bus);
    redis_sessions_free(edge->sessions);
    client_bundle_free(edge->bundle);
    allowed_origins_free(edge->origins);
    buffer_fini(&edge->id);
    deadline_queue_fini(&edge->stamps);
    deadline_queue_fini(&edge->drain_steps);
    deadline_queue_fini(&edge->patience);
    event_loop_fini(&edge->loop);
    free(edge);
}
