#define LOG_MODULE "gateway"

#include "edge/gateway/gateway_internal.h"

#include "common/log.h"
#include "edge/engineio/server.h"
#include "edge/gateway/clients/session_takeover.h"
#include "edge/socketio/server.h"

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

static void on_disconnect(struct sio_socket *socket, const char *reason, void *arg)
{
    struct gateway *gateway = arg;

    client_disconnect_handle(&gateway->disconnect, sio_socket_data(socket), reason);
}

// ---- the set of keys

static void on_key_set(struct jwks *set, void *arg)
{
    const struct gateway *gateway = arg;

    gateway->handlers.on_key_set(set, gateway->handlers.arg);
}

static void on_fetch_over(void *arg)
{
    key_waits_end(&((struct gateway *)arg)->key_waits);
}

// ---- the bus

// Announces the edge before the follower's on_up: an edge opens its port once it follows the log,
// and must be in the list of edges by then.
static void on_bus_up(void *arg)
{
    announcements_send(&((struct gateway *)arg)->announcements);
}

static void on_revocation(struct span user, uint64_t at_ms, uint64_t until_ms, void *arg)
{
    user_commands_on_revocation(&((struct gateway *)arg)->user_commands, user, at_ms, until_ms);
}

static void on_revocations_read(void *arg)
{
    user_commands_on_revocations_read(&((struct gateway *)arg)->user_commands);
}

static void on_control(struct bus_part part, struct span bytes, void *arg)
{
    control_commands_handle(&((struct gateway *)arg)->commands, part, bytes);
}

static void on_following(void *arg)
{
    struct gateway *gateway = arg;

    gateway->found_log = true;
    log_info("following the log shards=%u", gateway->shards);
    gateway->handlers.on_following(gateway->handlers.arg);
}

// Events that were delivered here and are gone from the log: an edge whose tail never had them
// would not notice that a client has missed them.
static void report_loss(struct gateway *gateway, unsigned shard, struct position position)
{
    struct session_store *store = gateway->sessions.store;

    if (store->ops->is_up(store))
        store->ops->report_loss(store, shard, position);
    else if (position_compare(position, gateway->lost[shard]) > 0)
        gateway->lost[shard] = position;
}

static void report_losses(struct gateway *gateway)
{
    for (unsigned i = 0; i < gateway->shards; i++)
        if (!position_is_none(gateway->lost[i]))
            report_loss(gateway, i, gateway->lost[i]);
    memset(gateway->lost, 0, sizeof(gateway->lost));
}

// The losses come first, so that no claim overtakes them.
void gateway_on_store_up(bool may_lack, void *arg)
{
    struct gateway *gateway = arg;

    report_losses(gateway);
    sessions_on_up(&gateway->sessions, may_lack);
    recovery_on_up(&gateway->recovery, may_lack);
}

static void on_taken(struct client *client, void *arg)
{
    (void)arg;
    session_takeover_end(client);
}

// Clients cannot be told which events they have missed, so all are closed: they reconnect and load
// what they show.
static void on_loss(unsigned shard, const char *reason, void *arg)
{
    struct gateway *gateway = arg;
    size_t closed =
        eio_server_close_some(sio_server_engine(gateway->socketio), SIZE_MAX, EIO_FORCED_CLOSE);

    if (gateway->recovery_window_s > 0 && gateway->found_log)
        report_loss(gateway, shard, delivery_position(&gateway->delivery, shard));
    if (closed == 0)
        return;
    metric_add(&gateway->metrics->delivery.loss_disconnects, closed);
    log_warn("closed all clients, they may have missed events shard=%u clients=%zu reason=%s",
             shard, closed, reason);
}

static struct eio_backlog backlog(void *arg)
{
    return eio_server_backlog(sio_server_engine(((struct gateway *)arg)->socketio));
}

// ---- the handlers

struct sio_handlers gateway_socket_handlers(struct gateway *gateway)
{
    return (struct sio_handlers){
        .on_connect = on_connect,
        .on_event = on_event,
        .on_disconnect = on_disconnect,
        .free_data = client_disconnect_free,
        .arg = gateway,
    };
}

struct jwks_refresh_handlers gateway_jwks_handlers(struct gateway *gateway)
{
    return (struct jwks_refresh_handlers){
        .on_set = on_key_set, .on_over = on_fetch_over, .arg = gateway};
}

struct bus_control_handlers gateway_control_handlers(struct gateway *gateway)
{
    return (struct bus_control_handlers){
        .on_revocation = on_revocation,
        .on_revocations_read = on_revocations_read,
        .on_up = on_bus_up,
        .on_control = on_control,
        .arg = gateway,
    };
}

struct log_follower_handlers gateway_follower_handlers(struct gateway *gateway)
{
    return (struct log_follower_handlers){
        .on_entry = gateway->delivery.tail ? delivery_remember : NULL,
        .deliver = delivery_from_bus,
        .delivery = &gateway->delivery,
        .on_following = on_following,
        .on_loss = on_loss,
        .backlog = backlog,
        .arg = gateway,
    };
}

struct sessions_handlers gateway_sessions_handlers(struct gateway *gateway)
{
    return (struct sessions_handlers){.on_taken = on_taken, .arg = gateway};
}
