#define LOG_MODULE "gateway"

#include "edge/gateway/gateway.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/client_connect.h"
#include "edge/gateway/client_events.h"
#include "edge/gateway/clients/departure.h"
#include "edge/gateway/clients/recovery.h"
#include "edge/gateway/delivery/log_follower.h"
#include "edge/gateway/delivery/relay_status.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/gateway/web/http_routes.h"
#include "edge/gateway/web/origin_guard.h"

#define ANNOUNCE_MS 2000
#define REPLAY_MAX  5000 // events that a client gets at once when it comes back

struct gateway {
    char *edge_id;
    struct origin_guard origins;
    struct gateway_handlers handlers;
    struct gateway_metrics *metrics;
    struct bus *bus;
    struct sio_server *socketio;
    struct sio_namespace *nsp;
    struct token_verifier *verifier;
    struct token_expiry *expiry;
    struct client_connect connect;
    struct authorization *authorization;
    struct delivery delivery;
    struct sessions sessions;
    struct regrants regrants;
    struct recovery recovery;
    struct departures departures;
    uint32_t recovery_window_s; // 0: nothing is recovered
    struct presence room_events;
    struct client_acks acks;
    struct joins joins;
    struct client_events events;
    struct log_follower *follower;
    struct relay_status relay;
    struct envelope_decoder *control;
    struct http_routes routes;
    struct deadline_queue announcements;
    struct deadline announcement;
    struct buffer text;
    unsigned shards;
    struct peer_log slow_consumers;
    bool found_log;
    bool mismatch_told; // that relay and edge count their shards differently
};

// ---- clients

static void on_connect(struct sio_socket *socket, struct span auth, void *arg)
{
    (void)auth;
    client_connect_accept(&((struct gateway *)arg)->connect, sio_socket_data(socket));
}

static void on_event(struct sio_socket *socket, const struct sio_event *event, void *arg)
{
    struct gateway *gateway = arg;

    client_events_handle(&gateway->events, sio_socket_data(socket), event);
}

static void log_slow_consumer(struct gateway *gateway, const struct sio_socket *socket)
{
    struct ip_text peer = sio_socket_peer(socket);

    log_peer(&gateway->slow_consumers, span_of(peer.text),
             "closed a client that takes its messages too slowly sid=%s reason=\"%s\"",
             sio_socket_id(socket), eio_close_reason_str(EIO_SLOW_CONSUMER));
}

// Whether the client, or the gateway, wanted it to end. Otherwise only its connection was lost.
static bool is_for_good(const char *reason)
{
    static const char *const ends[] = {"client namespace disconnect", "server namespace disconnect",
                                       "parse error", "rate limit"};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (strcmp(reason, ends[i]) == 0)
            return true;
    return false;
}

static void on_disconnect(struct sio_socket *socket, const char *reason, void *arg)
{
    struct gateway *gateway = arg;
    struct client *client = sio_socket_data(socket);

    if (strcmp(reason, eio_close_reason_str(EIO_SLOW_CONSUMER)) == 0)
        log_slow_consumer(gateway, socket);
    else
        log_debug("client disconnected sid=%s reason=\"%s\"", sio_socket_id(socket), reason);
    client_events_forget(&gateway->events, client);
    regrants_forget(client);
    departures_add(&gateway->departures, client, is_for_good(reason),
                   strcmp(reason, eio_close_reason_str(EIO_SHUTTING_DOWN)) == 0);
    token_expiry_stop(&client->alarm);
}

static void on_expiring(struct token_alarm *alarm, int64_t left_s, void *arg)
{
    struct gateway *gateway = arg;
    struct client *client = container_of(alarm, struct client, alarm);

    metric_add(&gateway->metrics->tokens_expiring, 1);
    buffer_clear(&gateway->text);
    buffer_printf(&gateway->text, "{\"expiresIn\":%" PRId64 "}", left_s);
    delivery_emit(&gateway->delivery, client->socket, SPAN_LIT("token_expiring_soon"),
                  buffer_span(&gateway->text));
}

// The transport is closed, not the socket: official clients then come back with a new token.
static void on_expired(struct token_alarm *alarm, void *arg)
{
    struct gateway *gateway = arg;
    struct client *client = container_of(alarm, struct client, alarm);

    metric_add(&gateway->metrics->tokens_expired, 1);
    delivery_emit(&gateway->delivery, client->socket, SPAN_LIT("token_expired"), SPAN_LIT("{}"));
    sio_socket_close_transport(client->socket, EIO_FORCED_CLOSE);
}

// ---- the bus

// For how many seconds back everything that was logged is in memory. As long as nothing has been
// dropped that is for ever, which is told as the time that is needed.
static void observe_reach(struct gateway *gateway)
{
    uint64_t reach_s = gateway->recovery_window_s + RECOVERY_SLACK_S;

    if (!gateway->delivery.tail)
        return;
    log_tail_observe(gateway->delivery.tail);
    uint64_t since_ms = metric_get(&gateway->metrics->tail.reach_at_ms), now_ms = clock_wall_ms();
    if (since_ms > 0)
        reach_s = now_ms > since_ms ? (now_ms - since_ms) / 1000 : 0;
    metric_set(&gateway->metrics->reach_s, reach_s);
}

static void announce(struct gateway *gateway)
{
    size_t rooms = rooms_count(sio_namespace_rooms(gateway->nsp));

    observe_reach(gateway);
    deadline_arm(&gateway->announcement, &gateway->announcements);
    metric_set(&gateway->metrics->rooms, rooms);
    bus_announce(gateway->bus, sio_namespace_socket_count(gateway->nsp), rooms);
}

static void on_announcement(struct deadline *announcement, void *arg)
{
    (void)announcement;
    announce(arg);
}

// Announces first: an edge that follows the log, and so opens its port, is in the list of edges.
static void on_bus_up(void *arg)
{
    struct gateway *gateway = arg;

    announce(gateway);
    log_follower_on_up(gateway->follower);
}

static void on_bus_down(void *arg)
{
    log_follower_on_down(((struct gateway *)arg)->follower);
}

static void on_envelope(unsigned shard, struct span bytes, void *arg)
{
    log_follower_on_envelope(((struct gateway *)arg)->follower, shard, bytes);
}

static void check_following(struct gateway *gateway)
{
    if (gateway->found_log || !log_follower_is_following(gateway->follower))
        return;
    gateway->found_log = true;
    log_info("following the log shards=%u", gateway->shards);
    gateway->handlers.on_following(gateway->handlers.arg);
}

static void on_page(unsigned shard, const struct bus_entry *entries, size_t count, void *arg)
{
    struct gateway *gateway = arg;

    log_follower_on_page(gateway->follower, shard, entries, count);
    check_following(gateway);
}

static void on_newest(unsigned shard, struct position newest, void *arg)
{
    struct gateway *gateway = arg;

    log_follower_on_newest(gateway->follower, shard, newest);
    check_following(gateway);
}

static void remember(unsigned shard, const struct envelope *envelope, struct position position,
                     void *arg)
{
    log_tail_append(((struct gateway *)arg)->delivery.tail, shard, envelope, position);
}

static void on_store_up(void *arg)
{
    struct gateway *gateway = arg;

    sessions_on_up(&gateway->sessions);
    recovery_on_up(&gateway->recovery);
}

static void on_taken(struct client *client, void *arg)
{
    (void)arg;
    recovery_end_taken(client);
}

static void deliver(const struct envelope *envelope, void *arg)
{
    delivery_from_bus(&((struct gateway *)arg)->delivery, envelope);
}

static void on_loss(unsigned shard, const char *reason, void *arg)
{
    struct gateway *gateway = arg;
    size_t closed =
        eio_server_close_some(sio_server_engine(gateway->socketio), SIZE_MAX, EIO_FORCED_CLOSE);

    // What was delivered here and is gone from the log would not be missed by others.
    if (gateway->recovery_window_s > 0 && gateway->found_log)
        gateway->sessions.store->ops->report_loss(gateway->sessions.store, shard,
                                                  delivery_position(&gateway->delivery, shard));
    if (closed == 0)
        return;
    metric_add(&gateway->metrics->loss_disconnects, closed);
    log_warn("closed all clients, they may have missed events shard=%u clients=%zu reason=\"%s\"",
             shard, closed, reason);
}

static struct eio_backlog crowd(void *arg)
{
    return eio_server_backlog(sio_server_engine(((struct gateway *)arg)->socketio));
}

static void on_heartbeat(struct gateway *gateway, const struct heartbeat *heartbeat)
{
    relay_status_on_heartbeat(&gateway->relay, heartbeat, clock_monotonic_ms());
    if (heartbeat->shard_count != gateway->shards && !gateway->mismatch_told) {
        gateway->mismatch_told = true;
        log_error("relay and edge count their shards differently; set BUS_SHARDS to the same on "
                  "both relay=%zu edge=%u",
                  heartbeat->shard_count, gateway->shards);
    }
    log_follower_on_heartbeat(gateway->follower, heartbeat);
}

static void kick(struct sio_socket *socket, void *arg)
{
    (*(uint32_t *)arg)++;
    sio_socket_disconnect(socket);
}

static void say_kicked(struct gateway *gateway, uint64_t ask, uint32_t sockets)
{
    buffer_clear(&gateway->text);
    control_encode(&(struct control){.kind = CONTROL_KICKED,
                                     .ask = ask,
                                     .edge = span_of(gateway->edge_id),
                                     .sockets = sockets},
                   &gateway->text);
    bus_publish_control(gateway->bus, buffer_span(&gateway->text));
}

static void on_kick(struct gateway *gateway, struct span user, uint64_t ask)
{
    uint32_t sockets = 0;

    if (user.len == 0)
        return;
    sio_namespace_each_in(gateway->nsp, room_name_of_user(user, &gateway->text), kick, &sockets);
    metric_add(&gateway->metrics->kicked, sockets);
    log_info("kicked a user user=\"" SPAN_FMT "\" sockets=%u", SPAN_ARG(user), sockets);
    if (ask != 0)
        say_kicked(gateway, ask, sockets);
}

static void on_drain(struct gateway *gateway, struct span edge)
{
    if (edge.len == 0 || span_is(edge, gateway->edge_id))
        gateway->handlers.on_drain(gateway->handlers.arg);
}

static void on_control(struct span bytes, void *arg)
{
    struct gateway *gateway = arg;
    const struct control *control = control_decode(gateway->control, bytes);

    if (!control) {
        metric_add(&gateway->metrics->envelopes_malformed, 1);
        log_warn("dropping a malformed control message bytes=%zu", bytes.len);
        return;
    }
    switch (control->kind) {
    case CONTROL_HEARTBEAT:
        on_heartbeat(gateway, &control->heartbeat);
        break;
    case CONTROL_DRAIN:
        on_drain(gateway, control->edge);
        break;
    case CONTROL_KICK:
        on_kick(gateway, control->user, control->ask);
        break;
    case CONTROL_KICKED:
        break; // for whoever asked
    case CONTROL_TAKEOVER:
        if (gateway->recovery_window_s > 0)
            recovery_on_takeover(&gateway->recovery, control->user, control->socket,
                                 control->generation);
        break;
    case CONTROL_UNKNOWN:
        break; // of a newer version
    }
}

// ---- putting the parts together

static void build_socketio(struct gateway *gateway, const struct gateway_options *options,
                           struct deadlines *clock, struct sio_metrics *socketio_metrics,
                           struct eio_metrics *engine_metrics)
{
    gateway->socketio = sio_server_new(&options->socketio, origin_guard_allows, &gateway->origins,
                                       clock, socketio_metrics, engine_metrics);
    gateway->nsp = sio_server_add_namespace(gateway->socketio, "/",
                                            &(struct sio_handlers){
                                                .on_connect = on_connect,
                                                .on_event = on_event,
                                                .on_disconnect = on_disconnect,
                                                .free_data = client_free,
                                                .arg = gateway,
                                            });
}

static void build_behaviour(struct gateway *gateway, const struct gateway_options *options,
                            struct deadlines *clock)
{
    gateway->verifier = token_verifier_new(&options->token);
    gateway->expiry = token_expiry_new(clock, &(struct token_expiry_handlers){
                                                  .on_expiring = on_expiring,
                                                  .on_expired = on_expired,
                                                  .arg = gateway,
                                              });
    peer_log_init(&gateway->slow_consumers, &gateway->metrics->log_left_out);
    gateway->connect = (struct client_connect){
        .authentication = {.verifier = gateway->verifier,
                           .allow_anonymous = options->allow_anonymous},
        .nsp = gateway->nsp,
        .expiry = gateway->expiry,
        .recovery = &gateway->recovery,
        .delivery = &gateway->delivery,
        .max_sockets_per_user = options->max_sockets_per_user,
        .metrics = gateway->metrics,
    };
    client_connect_add_middleware(&gateway->connect);
    gateway->authorization = authorization_new(options->room_authorization, &options->room_services,
                                               clock, gateway->metrics);
    gateway->delivery = (struct delivery){.nsp = gateway->nsp,
                                          .edge_id = span_of(gateway->edge_id),
                                          .metrics = gateway->metrics,
                                          .latency = {.metrics = gateway->metrics},
                                          .shards = options->shards};
    gateway->room_events = (struct presence){
        .delivery = &gateway->delivery, .bus = gateway->bus, .shards = options->shards};
    gateway->acks = (struct client_acks){.metrics = gateway->metrics};
    gateway->joins = (struct joins){
        .authorization = gateway->authorization,
        .acks = &gateway->acks,
        .room_events = &gateway->room_events,
        .sessions = gateway->recovery_window_s > 0 ? &gateway->sessions : NULL,
        .metrics = gateway->metrics,
    };
    gateway->events = (struct client_events){
        .room_events = &gateway->room_events,
        .joins = &gateway->joins,
        .acks = &gateway->acks,
        .verifier = gateway->verifier,
        .expiry = gateway->expiry,
        .metrics = gateway->metrics,
    };
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
        .metrics = gateway->metrics,
        .limits = {.max_events = REPLAY_MAX,
                   .max_bytes = options->socketio.engine.max_outbox_bytes / 2},
    };
    gateway->departures = (struct departures){.room_events = &gateway->room_events,
                                              .sessions = gateway->recovery.sessions};
    gateway->regrants = (struct regrants){
        .authorization = gateway->authorization,
        .room_events = &gateway->room_events,
        .sessions = &gateway->sessions,
        .metrics = gateway->metrics,
        .grant_s = recovery->grant_s,
    };
    departures_init(&gateway->departures);
    regrants_init(&gateway->regrants, clock);
    recovery_init(&gateway->recovery, clock);
    if (!recovery->store)
        return;
    gateway->sessions = (struct sessions){
        .store = recovery->store,
        .delivery = &gateway->delivery,
        .metrics = gateway->metrics,
        .edge_id = span_of(gateway->edge_id),
        .handlers = {.on_taken = on_taken, .arg = gateway},
    };
    sessions_init(&gateway->sessions, clock);
    recovery->store->on_up = on_store_up;
    recovery->store->arg = gateway;
    gateway->delivery.tail =
        log_tail_new(options->shards, recovery->memory, &gateway->metrics->tail);
}

static void build_following(struct gateway *gateway, const struct gateway_options *options,
                            struct deadlines *clock)
{
    gateway->follower = log_follower_new(
        options->shards, gateway->bus, clock,
        &(struct log_follower_handlers){.on_entry = gateway->delivery.tail ? remember : NULL,
                                        .deliver = deliver,
                                        .on_loss = on_loss,
                                        .crowd = crowd,
                                        .arg = gateway},
        gateway->metrics);
    gateway->delivery.follower = gateway->follower;
    gateway->control = envelope_decoder_new();
    gateway->bus->handlers = (struct bus_handlers){
        .on_up = on_bus_up,
        .on_down = on_bus_down,
        .on_envelope = on_envelope,
        .on_control = on_control,
        .on_page = on_page,
        .on_newest = on_newest,
        .arg = gateway,
    };
    relay_status_init(&gateway->relay, options->event_bus_host, options->event_bus_port,
                      gateway->metrics);
}

static void build_routes(struct gateway *gateway, const struct gateway_options *options)
{
    gateway->routes = (struct http_routes){
        .engine = sio_server_engine(gateway->socketio),
        .nsp = gateway->nsp,
        .bundle = options->bundle,
        .relay = &gateway->relay,
        .metrics = gateway->metrics,
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
    peer_log_init(&gateway->origins.refused, &metrics->log_left_out);
    gateway->handlers = *handlers;
    gateway->metrics = metrics;
    gateway->bus = bus;
    gateway->shards = options->shards;
    gateway->recovery_window_s = options->recovery.store ? options->recovery.window_s : 0;
    build_socketio(gateway, options, clock, socketio_metrics, engine_metrics);
    build_behaviour(gateway, options, clock);
    build_recovery(gateway, options, clock);
    build_following(gateway, options, clock);
    build_routes(gateway, options);
    deadline_queue_init(&gateway->announcements, clock, ANNOUNCE_MS, on_announcement, gateway);
    deadline_init(&gateway->announcement);
    deadline_arm(&gateway->announcement, &gateway->announcements);
    return gateway;
}

void gateway_free(struct gateway *gateway)
{
    if (!gateway)
        return;
    sio_server_free(gateway->socketio);
    deadline_queue_fini(&gateway->announcements);
    http_routes_fini(&gateway->routes);
    relay_status_fini(&gateway->relay);
    envelope_decoder_free(gateway->control);
    departures_fini(&gateway->departures);
    recovery_fini(&gateway->recovery);
    regrants_fini(&gateway->regrants);
    if (gateway->recovery_window_s > 0)
        sessions_fini(&gateway->sessions);
    log_tail_free(gateway->delivery.tail);
    log_follower_free(gateway->follower);
    client_events_fini(&gateway->events);
    client_acks_fini(&gateway->acks);
    room_events_fini(&gateway->room_events);
    authorization_free(gateway->authorization);
    token_expiry_free(gateway->expiry);
    client_connect_fini(&gateway->connect);
    token_verifier_free(gateway->verifier);
    buffer_fini(&gateway->text);
    free(gateway->edge_id);
    free(gateway);
}

struct eio_server *gateway_engine(struct gateway *gateway)
{
    return sio_server_engine(gateway->socketio);
}

bool gateway_flush(struct gateway *gateway)
{
    bool quiet = eio_server_flush(gateway_engine(gateway));

    log_follower_go_on(gateway->follower);
    if (quiet)
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
