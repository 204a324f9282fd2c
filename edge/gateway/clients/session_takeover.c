#define LOG_MODULE "recovery"

#include "edge/gateway/clients/session_takeover.h"

#include "common/log.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/socketio/namespace.h"
#include "proto/envelope.h"

struct search {
    struct span socket_id;
    struct client *found;
};

static void match_socket(struct sio_socket *socket, void *arg)
{
    struct search *search = arg;

    if (span_is(search->socket_id, sio_socket_id(socket)))
        search->found = sio_socket_data(socket);
}

static struct client *find_client(struct recovery *recovery, struct span user,
                                  struct span socket_id)
{
    struct search search = {.socket_id = socket_id};

    if (user.len > 0)
        sio_namespace_each_in(recovery->delivery->nsp, room_name_of_user(user, &recovery->text),
                              match_socket, &search);
    return search.found;
}

// Leaves the user's room at once, before the socket is reaped: the limit of sockets per user counts
// that room's members, and the new connection must not fail because of the old one.
void session_takeover_end(struct client *client)
{
    struct buffer room = {0};

    if (!sio_socket_is_connected(client->socket))
        return;
    client->silent = true;
    sio_socket_leave(client->socket, room_name_of_user(client->identity->user, &room));
    buffer_fini(&room);
    log_debug("session taken over socket=%s", sio_socket_id(client->socket));
    sio_socket_disconnect(client->socket);
}

void session_takeover_handle(struct recovery *recovery, struct span user, struct span socket_id,
                             uint64_t generation)
{
    struct client *client = find_client(recovery, user, socket_id);

    if (client && client->session && client->session->generation < generation)
        session_takeover_end(client);
    recovery_attempt_overtake(recovery, socket_id, generation);
}

void session_takeover_start(struct recovery_attempt *attempt, const struct session_record *record)
{
    struct recovery *recovery = attempt->recovery;
    struct session_store *store = recovery_store(recovery);
    const struct control control = {
        .kind = CONTROL_TAKEOVER,
        .user = record->user,
        .socket = record->socket_id,
        .generation = record->key.generation,
    };

    if (span_eq(record->edge, recovery->sessions->edge_id)) {
        session_takeover_handle(recovery, record->user, record->socket_id, record->key.generation);
    } else if (!record->left) {
        buffer_clear(&recovery->text);
        control_encode(&control, &recovery->text);
        store->ops->take_over(store, record->edge, buffer_span(&recovery->text));
    }
}
