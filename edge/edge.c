#define LOG_MODULE "edge"

#include "edge/edge.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/services/jwks_client.h"
#include "edge/edge_drain.h"
#include "edge/edge_id.h"
#include "edge/edge_limits.h"
#include "edge/edge_ops.h"
#include "edge/edge_options.h"
#include "edge/edge_reload.h"

#define OPEN_ANYWAY_MS 2000 // the clients' port opens after this time even if Redis is down

enum state { RUNNING = 0, DRAINING, CLOSING };

struct edge {
    const struct edge_settings *settings;
    enum state state;
    struct event_loop loop;
    struct edge_metrics metrics;
    struct buffer id;
    struct allowed_origins *origins;
    struct client_bundle *bundle;
    struct redis_names redis_names;
    struct redis_bus_options bus_options;
    struct redis_presence *presence;
    struct redis_sessions *sessions; // NULL: nothing is recovered
    struct redis_nodes *bus;
    struct authorization_client *authorization;
    struct jwks_client_options jwks_options;
    struct jwks_client *jwks; // NULL: no set of keys is fetched
    struct jwks *key_set;     // that was fetched last; NULL: none
    struct gateway *gateway;
    uint32_t connections;  // limit of connections at one time
    struct listener *port; // NULL: not listening yet
    struct edge_ops ops;
    struct edge_drain drain;
    struct edge_reload reload;
    struct turn_hook flush;
    uv_signal_t terminate, interrupt;
    struct deadline_queue open_timeouts;
    struct deadline open_timeout;
    bool may_open; // the log is followed, or that took too long
    bool failed;
};

// ---- going down

static void on_bus_closed(void *arg)
{
    struct edge *edge = arg;

    event_loop_stop(&edge->loop);
}

static void on_authorization_closed(void *arg)
{
    struct edge *edge = arg;

    redis_nodes_close(edge->bus, on_bus_closed, edge);
}

static void on_jwks_closed(void *arg)
{
    struct edge *edge = arg;

    authorization_client_close(edge->authorization, on_authorization_closed, edge);
}

static void on_port_closed(void *arg)
{
    struct edge *edge = arg;

    if (edge->jwks)
        jwks_client_close(edge->jwks, on_jwks_closed, edge);
    else
        on_jwks_closed(edge);
}

static void close_all(struct edge *edge)
{
    edge->state = CLOSING;
    uv_close((uv_handle_t *)&edge->terminate, NULL);
    uv_close((uv_handle_t *)&edge->interrupt, NULL);
    edge_reload_close(&edge->reload);
    if (edge->port)
        listener_close(edge->port, on_port_closed, edge);
    else
        on_port_closed(edge);
}

static void on_drained(void *edge)
{
    close_all(edge);
}

static void drain(struct edge *edge)
{
    if (edge->state != RUNNING)
        return;
    edge->state = DRAINING;
    edge_ops_set_draining(&edge->ops);
    if (edge->port)
        listener_stop_accepting(edge->port);
    edge_drain_begin(&edge->drain, gateway_engine(edge->gateway),
                     (unsigned)edge->settings->drain_seconds);
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

// ---- what is read again

static void use_keys(void *arg)
{
    struct edge *edge = arg;
    struct token_keys keys = edge_reload_keys(&edge->reload);

    if (edge->key_set)
        keys.key_set = edge->key_set;
    size_t clients = gateway_replace_keys(edge->gateway, &keys);
    if (clients > 0)
        log_info("ending clients whose key was taken away clients=%zu", clients);
}

static void use_file(void *arg)
{
    struct edge *edge = arg;

    gateway_replace_file(edge->gateway, edge_reload_file(&edge->reload));
}

// ---- letting clients in

// Official clients come back to a port that is closed, but not after a CONNECT_ERROR: without keys
// all of them would be refused for good (decision 021).
static bool lacks_keys(const struct edge *edge)
{
    return edge->jwks && !edge->key_set;
}

static void open_port(struct edge *edge)
{
    const struct listener_options options = options_of_listener(
        edge->settings, edge->connections, edge->origins, &edge->metrics.memory);
    const struct listener_handlers handlers = {
        .on_http = gateway_on_http,
        .body_max = gateway_body_max,
        .find_engine = gateway_find_engine,
        .arg = edge->gateway,
    };

    if (edge->port || edge->state != RUNNING || !edge->may_open || lacks_keys(edge))
        return;
    deadline_cancel(&edge->open_timeout);
    edge->port = listener_new(&options, &handlers, &edge->loop, &edge->metrics.port);
    if (edge->port)
        return;
    edge->failed = true;
    close_all(edge);
}

// The port opens only now. Nobody could say what a client missed that connected before the edge
// followed the log, so it would have to be disconnected again (decision 013).
static void on_following(void *arg)
{
    struct edge *edge = arg;

    edge->may_open = true;
    open_port(edge);
}

// Redis is down. The port opens nevertheless, so that /health can say what is wrong. Clients that
// connect now are disconnected once when Redis is back (decision 013).
static void on_open_timeout(struct deadline *open_timeout, void *arg)
{
    (void)open_timeout;
    on_following(arg);
}

static void on_key_set(struct jwks *set, void *arg)
{
    struct edge *edge = arg;

    jwks_free(edge->key_set);
    edge->key_set = set;
    use_keys(edge);
    open_port(edge);
}

// ---- building

static void print_for_clients(struct buffer *out, void *arg)
{
    edge_metrics_print(&((struct edge *)arg)->metrics, out);
}

static void flush(void *arg)
{
    struct edge *edge = arg;

    if (!gateway_flush(edge->gateway))
        event_loop_come_back(&edge->loop);
}

static void build_gateway(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;
    const struct gateway_options options = {
        .socketio = options_of_socketio(s, edge->connections, &edge->metrics.memory),
        .token = options_of_tokens(s),
        .jwks = edge->jwks ? jwks_client_interface(edge->jwks) : NULL,
        .jwks_refresh_s = (uint32_t)s->jwt_jwks_refresh,
        .allow_anonymous = s->allow_anonymous,
        .token_cookie = s->jwt_cookie,
        .max_sockets_per_user = (uint32_t)s->max_sockets_per_user,
        .file = s->file,
        .room_services = options_of_authorization_requests(
            s, authorization_client_interface(edge->authorization)),
        .recovery = options_of_recovery(s, edge->sessions ? redis_sessions_interface(edge->sessions)
                                                          : NULL),
        .presence = redis_presence_interface(edge->presence),
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
        .on_key_set = on_key_set,
        .print_metrics = print_for_clients,
        .arg = edge,
    };

    edge->gateway =
        gateway_new(&options, &handlers, redis_nodes_interface(edge->bus), &edge->loop.deadlines,
                    &edge->metrics.gateway, &edge->metrics.socketio, &edge->metrics.engine);
    event_loop_add_hook(&edge->loop, &edge->flush, flush, edge);
}

static void build_bus(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;

    redis_names_init(&edge->redis_names, s->redis.key_prefix, (unsigned)s->redis.db);
    if (s->recovery_window > 0)
        edge->sessions =
            redis_sessions_new(&edge->redis_names, (uint32_t)s->recovery_window + RECOVERY_SLACK_S,
                               edge->id.ptr, (unsigned)s->bus_shards);
    edge->presence = redis_presence_new(&(struct redis_presence_options){
        .names = &edge->redis_names,
        .edge_id = edge->id.ptr,
        .uplink_max_len = (uint64_t)s->uplink_max_len,
        .uplink_max_bytes = (uint64_t)s->uplink_max_bytes,
    });
    edge->bus_options = (struct redis_bus_options){
        .redis = &s->redis,
        .names = &edge->redis_names,
        .shards = (unsigned)s->bus_shards,
        .edge_id = edge->id.ptr,
        .sessions = edge->sessions,
        .presence = edge->presence,
        .uplink_max_len = (uint64_t)s->uplink_max_len,
        .uplink_max_bytes = (uint64_t)s->uplink_max_bytes,
    };
    edge->bus = redis_nodes_new(&edge->bus_options, &edge->loop, edge->metrics.redis);
    edge->metrics.redis_nodes = redis_settings_nodes(&s->redis);
}

static void build_authorization(struct edge *edge)
{
    const struct authorization_client_options options =
        options_of_authorization_client(edge->settings);

    edge->authorization = authorization_client_new(&options, &edge->loop);
}

static void build_jwks(struct edge *edge)
{
    const struct edge_settings *s = edge->settings;

    if (!s->jwt_jwks_url)
        return;
    edge->jwks_options = (struct jwks_client_options){.url = s->jwt_jwks_url, .tls = s->jwks_tls};
    edge->jwks = jwks_client_new(&edge->jwks_options, &edge->loop);
    log_info("keys are fetched url=%s", s->jwt_jwks_url);
}

static void start_clocks(struct edge *edge)
{
    edge_ops_init(&edge->ops, &edge->metrics, &edge->loop.deadlines);
    edge_drain_init(&edge->drain, &edge->loop.deadlines, on_drained, edge);
    deadline_queue_init(&edge->open_timeouts, &edge->loop.deadlines, OPEN_ANYWAY_MS,
                        on_open_timeout, edge);
    deadline_init(&edge->open_timeout);
    deadline_arm(&edge->open_timeout, &edge->open_timeouts);
}

static void warn_of_defaults(const struct edge_settings *settings)
{
    if (settings->secret_made_up)
        log_warn("JWT_SECRET is not set, every HS256 token is refused");
    if (settings->authorization_assumed)
        log_warn("ROOM_AUTHORIZATION is not set, everybody may join every room");
    if (settings->dev_console)
        log_info("the console is served at /console");
}

struct edge *edge_new(const struct edge_settings *settings)
{
    struct edge *edge = mem_zalloc(sizeof(*edge));

    edge->settings = settings;
    edge->connections = count_connections(settings);
    memory_budget_init(&edge->metrics.memory, count_memory(settings));
    edge_id_make(settings->edge_id, &edge->id);
    warn_of_defaults(settings);
    event_loop_init(&edge->loop);
    start_clocks(edge);
    watch_signals(edge);
    edge->origins = allowed_origins_new(settings->cors_origin);
    edge->bundle = client_bundle_load(settings->client_bundle_dir);
    build_bus(edge);
    build_authorization(edge);
    build_jwks(edge);
    build_gateway(edge);
    edge_reload_init(&edge->reload, settings, &edge->loop, &edge->metrics.reloads,
                     &(struct edge_reload_handlers){use_keys, use_file, edge});
    return edge;
}

bool edge_run(struct edge *edge)
{
    if (edge_ops_open(&edge->ops, edge->settings)) {
        log_info("started edge=%s version=%s connections=%" PRIu32, edge->id.ptr, GATEWAY_VERSION,
                 edge->connections);
        redis_nodes_start(edge->bus);
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
    edge_ops_fini(&edge->ops);
    listener_free(edge->port);
    event_loop_remove_hook(&edge->flush);
    gateway_free(edge->gateway);
    authorization_client_free(edge->authorization);
    jwks_client_free(edge->jwks);
    jwks_free(edge->key_set);
    redis_nodes_free(edge->bus);
    redis_sessions_free(edge->sessions);
    redis_presence_free(edge->presence);
    client_bundle_free(edge->bundle);
    allowed_origins_free(edge->origins);
    buffer_fini(&edge->id);
    edge_drain_fini(&edge->drain);
    edge_reload_fini(&edge->reload);
    deadline_queue_fini(&edge->open_timeouts);
    event_loop_fini(&edge->loop);
    free(edge);
}
