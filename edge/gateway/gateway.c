#include "edge/gateway/gateway.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/server.h"
#include "edge/gateway/gateway_internal.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/server.h"

#define REPLAY_MAX 5000 // events of the replay of one recovery; its bytes may fill half an outbox

static void build_socketio(struct gateway *gateway, const struct gateway_options *options,
                           struct deadlines *clock, struct sio_metrics *socketio_metrics,
                           struct eio_metrics *engine_metrics)
{
    struct sio_options socketio = options->socketio;

    if (gateway->cookie.name) {
        socketio.cookie_of = token_cookie_of;
        socketio.cookie_arg = &gateway->cookie;
    }
    gateway->socketio = sio_server_new(&socketio, origin_guard_allows, &gateway->origins, clock,
                                       socketio_metrics, engine_metrics);
    const struct sio_handlers handlers = gateway_socket_handlers(gateway);
    gateway->nsp = sio_server_add_namespace(gateway->socketio, "/", &handlers);
}

static void build_keys(struct gateway *gateway, const struct gateway_options *options,
                       struct deadlines *clock)
{
    const struct jwks_refresh_options refresh = {
        .service = options->jwks,
        .algorithms = options->token.algorithms,
        .refresh_s = options->jwks_refresh_s,
    };
    const struct jwks_refresh_handlers handlers = gateway_jwks_handlers(gateway);

    gateway->verifier = token_verifier_new(&options->token);
    if (options->jwks)
        gateway->jwks = jwks_refresh_new(&refresh, &handlers, clock, &gateway->metrics->jwks);
    gateway->key_waits =
        (struct key_waits){.refresh = gateway->jwks, .metrics = &gateway->metrics->key_waits};
    key_waits_init(&gateway->key_waits);
}

static void build_behaviour(struct gateway *gateway, const struct gateway_options *options,
                            struct deadlines *clock)
{
    gateway->revocations = revocations_new(&gateway->metrics->clients.revocations,
                                           &gateway->metrics->clients.revocations_left_out);
    gateway->notices = (struct token_notices){.delivery = &gateway->delivery,
                                              .verifier = gateway->verifier,
                                              .metrics = &gateway->metrics->clients};
    const struct token_expiry_handlers handlers = token_notices_handlers(&gateway->notices);
    gateway->expiry = token_expiry_new(clock, &handlers);
    gateway->connect = (struct client_connect){
        .authentication = {.verifier = gateway->verifier,
                           .revocations = gateway->revocations,
                           .allow_anonymous = options->allow_anonymous},
        .nsp = gateway->nsp,
        .waits = &gateway->key_waits,
        .expiry = gateway->expiry,
        .recovery = &gateway->recovery,
        .delivery = &gateway->delivery,
        .joins = &gateway->joins,
        .max_sockets_per_user = options->max_sockets_per_user,
        .metrics = &gateway->metrics->clients,
    };
    client_connect_add_middleware(&gateway->connect);
    gateway->authorization =
        authorization_new(&options->room_services, clock, &gateway->metrics->rooms);
    gateway->delivery = (struct delivery){.nsp = gateway->nsp,
                                          .edge_id = span_of(gateway->edge_id),
                                          .metrics = &gateway->metrics->delivery,
                                          .latency = {.metrics = &gateway->metrics->delivery},
                                          .act = user_commands_act,
                                          .act_arg = &gateway->user_commands,
                                          .shards = options->shards};
    gateway->room_events = (struct room_events){
        .delivery = &gateway->delivery,
        .bus = gateway->bus,
        .shards = options->shards,
    };
    gateway->acks = (struct client_acks){.metrics = &gateway->metrics->clients};
    gateway->uplink = (struct client_uplink){
        .bus = gateway->bus, .acks = &gateway->acks, .metrics = &gateway->metrics->uplink};
    client_uplink_init(&gateway->uplink);
    gateway->joins = (struct joins){
        .authorization = gateway->authorization,
        .acks = &gateway->acks,
        .room_events = &gateway->room_events,
        .metrics = &gateway->metrics->rooms,
    };
    gateway->events = (struct client_events){
        .room_events = &gateway->room_events,
        .joins = &gateway->joins,
        .acks = &gateway->acks,
        .uplink = &gateway->uplink,
        .token_refresh =
            {
                .authentication = &gateway->connect.authentication,
                .waits = &gateway->key_waits,
                .acks = &gateway->acks,
                .joins = &gateway->joins,
                .expiry = gateway->expiry,
                .metrics = &gateway->metrics->clients,
            },
        .metrics = &gateway->metrics->clients,
    };
}

static void tell_count(struct span room, uint64_t count, void *arg)
{
    room_events_emit_count(&((struct gateway *)arg)->room_events, room, count);
}

static void build_presence(struct gateway *gateway, const struct gateway_options *options,
                           struct deadlines *clock)
{
    const struct presence_options presence = {
        .store = options->presence,
        .file = options->file,
        .rooms = sio_namespace_rooms(gateway->nsp),
        .on_count = tell_count,
        .arg = gateway,
    };

    if (options->presence)
        gateway->presence = presence_new(&presence, clock, &gateway->metrics->presence);
}

static void build_recovery(struct gateway *gateway, const struct gateway_options *options,
                           struct deadlines *clock)
{
    const struct recovery_options *recovery = &options->recovery;

    gateway->recovery = (struct recovery){
        .clients = recovery->clients,
        .sessions = recovery->store ? &gateway->sessions : NULL,
        .delivery = &gateway->delivery,
        .room_events = &gateway->room_events,
        .authorization = gateway->authorization,
        .regrants = &gateway->regrants,
        .metrics = &gateway->metrics->clients,
        .limits = {.max_events = REPLAY_MAX,
                   .max_bytes = options->socketio.engine.max_outbox_bytes / 2},
        .max_rooms = options->socketio.max_rooms_per_socket,
    };
    gateway->departures = (struct departures){.room_events = &gateway->room_events,
                                              .sessions = gateway->recovery.sessions};
    gateway->regrants = (struct regrants){
        .authorization = gateway->authorization,
        .room_events = &gateway->room_events,
        .metrics = &gateway->metrics->clients,
        .grant_s = recovery->grant_s,
    };
    departures_init(&gateway->departures);
    gateway->disconnect =
        (struct client_disconnect){.events = &gateway->events, .departures = &gateway->departures};
    client_disconnect_init(&gateway->disconnect, &gateway->metrics->clients);
    regrants_init(&gateway->regrants, clock);
    recovery_init(&gateway->recovery, recovery->store, clock);
    if (!recovery->store)
        return;
    gateway->sessions = (struct sessions){
        .store = recovery->store,
        .delivery = &gateway->delivery,
        .metrics = &gateway->metrics->clients,
        .edge_id = span_of(gateway->edge_id),
        .handlers = gateway_sessions_handlers(gateway),
    };
    sessions_init(&gateway->sessions, clock);
    recovery->store->on_up = gateway_on_store_up;
    recovery->store->arg = gateway;
    gateway->delivery.tail =
        log_tail_new(options->shards, recovery->memory, &gateway->metrics->delivery.tail);
}

static void build_following(struct gateway *gateway, const struct gateway_options *options,
                            struct deadlines *clock)
{
    const struct log_follower_handlers handlers = gateway_follower_handlers(gateway);

    gateway->follower = log_follower_new(options->shards, gateway->bus, clock, &handlers,
                                         &gateway->metrics->delivery);
    gateway->delivery.follower = gateway->follower;
    relay_status_init(&gateway->relay, options->event_bus_host, options->event_bus_port,
                      &gateway->metrics->delivery);
}

static void build_control(struct gateway *gateway)
{
    struct recovery *recovery = gateway->recovery_window_s > 0 ? &gateway->recovery : NULL;

    gateway->user_commands = (struct user_commands){
        .nsp = gateway->nsp,
        .bus = gateway->bus,
        .joins = &gateway->joins,
        .recovery = recovery,
        .revocations = gateway->revocations,
        .metrics = &gateway->metrics->clients,
        .edge_id = span_of(gateway->edge_id),
    };
    gateway->commands = (struct control_commands){
        .users = &gateway->user_commands,
        .follower = gateway->follower,
        .relay = &gateway->relay,
        .recovery = recovery,
        .metrics = gateway->metrics,
        .edge_id = span_of(gateway->edge_id),
        .shards = gateway->shards,
        .on_drain = gateway->handlers.on_drain,
        .on_drain_arg = gateway->handlers.arg,
    };
    control_commands_init(&gateway->commands);
    gateway->announcements = (struct announcements){
        .bus = gateway->bus,
        .nsp = gateway->nsp,
        .tail = gateway->delivery.tail,
        .presence = gateway->presence,
        .reach_max_s = gateway->recovery_window_s + RECOVERY_SLACK_S,
        .metrics = gateway->metrics,
    };
    gateway->bus->control = gateway_control_handlers(gateway);
}

static void build_routes(struct gateway *gateway, const struct gateway_options *options)
{
    gateway->routes = (struct http_routes){
        .engine = sio_server_engine(gateway->socketio),
        .nsp = gateway->nsp,
        .bundle = options->bundle,
        .relay = &gateway->relay,
        .metrics = &gateway->metrics->delivery,
        .console_enabled = options->console_enabled,
        .metrics_enabled = options->metrics_enabled,
        .metrics_rooms = options->metrics_rooms,
        .print_metrics = gateway->handlers.print_metrics,
        .print_arg = gateway->handlers.arg,
    };
}

struct gateway *gateway_new(const struct gateway_options *options,
                            const struct gateway_handlers *handlers, struct bus *bus,
                            struct deadlines *clock, struct gateway_metrics *metrics,
                            struct sio_metrics *socketio_metrics,
                            struct eio_metrics *engine_metrics)
{
    struct gateway *gateway = mem_zalloc(sizeof(*gateway));

    gateway->edge_id = mem_strdup(options->edge_id);
    gateway->origins.origins = options->origins;
    gateway->cookie = (struct token_cookie){mem_strdup(options->token_cookie), options->origins};
    peer_log_init(&gateway->origins.refused, &metrics->clients.log_left_out);
    gateway->handlers = *handlers;
    gateway->metrics = metrics;
    gateway->bus = bus;
    gateway->shards = options->shards;
    gateway->recovery_window_s = options->recovery.store ? options->recovery.window_s : 0;
    build_socketio(gateway, options, clock, socketio_metrics, engine_metrics);
    build_keys(gateway, options, clock);
    build_behaviour(gateway, options, clock);
    build_presence(gateway, options, clock);
    build_recovery(gateway, options, clock);
    build_following(gateway, options, clock);
    build_control(gateway);
    build_routes(gateway, options);
    gateway_lend_file(gateway, options->file);
    announcements_start(&gateway->announcements, clock);
    return gateway;
}

void gateway_free(struct gateway *gateway)
{
    if (!gateway)
        return;
    if (gateway->presence)
        rooms_watch(sio_namespace_rooms(gateway->nsp), NULL, NULL);
    sio_server_free(gateway->socketio);
    presence_free(gateway->presence);
    announcements_fini(&gateway->announcements);
    http_routes_fini(&gateway->routes);
    relay_status_fini(&gateway->relay);
    control_commands_fini(&gateway->commands);
    user_commands_fini(&gateway->user_commands);
    departures_fini(&gateway->departures);
    recovery_fini(&gateway->recovery);
    regrants_fini(&gateway->regrants);
    if (gateway->recovery_window_s > 0)
        sessions_fini(&gateway->sessions);
    log_tail_free(gateway->delivery.tail);
    log_follower_free(gateway->follower);
    client_events_fini(&gateway->events);
    client_uplink_fini(&gateway->uplink);
    client_acks_fini(&gateway->acks);
    room_events_fini(&gateway->room_events);
    authorization_free(gateway->authorization);
    token_expiry_free(gateway->expiry);
    token_notices_fini(&gateway->notices);
    client_connect_fini(&gateway->connect);
    revocations_free(gateway->revocations);
    jwks_refresh_free(gateway->jwks);
    token_verifier_free(gateway->verifier);
    free(gateway->cookie.name);
    free(gateway->edge_id);
    free(gateway);
}

struct eio_server *gateway_engine(struct gateway *gateway)
{
    return sio_server_engine(gateway->socketio);
}

size_t gateway_replace_keys(struct gateway *gateway, const struct token_keys *keys)
{
    bool gone = token_verifier_replace_keys(gateway->verifier, keys);

    return gone ? token_expiry_review(gateway->expiry) : 0;
}

bool gateway_flush(struct gateway *gateway)
{
    bool quiet = eio_server_flush(gateway_engine(gateway));

    log_follower_go_on(gateway->follower);
    if (quiet && !eio_server_holds(gateway_engine(gateway)))
        latency_measure(&gateway->delivery.latency);
    return quiet;
}

void gateway_on_http(struct http_exchange *exchange, void *arg)
{
    http_routes_handle(&((struct gateway *)arg)->routes, exchange);
}

size_t gateway_body_max(const struct http_request *request, void *arg)
{
    const struct gateway *gateway = arg;

    return http_routes_body_max(&gateway->routes, request);
}

struct eio_server *gateway_find_engine(struct span path, void *arg)
{
    return span_starts_with(path, SPAN_LIT(ENGINE_PATH)) ? gateway_engine(arg) : NULL;
}
