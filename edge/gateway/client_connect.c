#define LOG_MODULE "gateway"

#include "edge/gateway/client_connect.h"

#include <assert.h>
#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "edge/gateway/rooms/room_name.h"

static int64_t now_s(void)
{
    return (int64_t)(clock_wall_ms() / 1000);
}

static void refuse_token(struct entry *entry, struct sio_socket *socket, enum token_status status)
{
    struct address_text peer = sio_socket_peer(socket);

    metric_add(&entry->metrics->auth_refused[status], 1);
    log_peer(&entry->refused_tokens, span_of(peer.text), "refusing a token sid=%s reason=\"%s\"",
             sio_socket_id(socket), token_status_str(status));
    buffer_clear(&entry->text);
    buffer_printf(&entry->text, "Authentication error: %s", token_status_str(status));
    sio_socket_refuse(socket, buffer_span(&entry->text));
}

static void check_token(struct sio_socket *socket, struct span auth, void *arg)
{
    struct entry *entry = arg;
    struct sio_handshake handshake = sio_socket_handshake(socket);
    struct identity *identity;
    enum token_status status = authenticate(&entry->authentication, auth, &handshake,
                                            sio_socket_version(socket), now_s(), &identity);

    if (status != TOKEN_OK) {
        refuse_token(entry, socket, status);
        return;
    }
    (void)client_new(socket, identity);
    sio_socket_next(socket);
}

// Every socket of a user is in the user's room; those without a token are in none.
static bool has_enough(struct entry *entry, const struct identity *identity)
{
    size_t max = entry->max_sockets_per_user;

    return max > 0 && rooms_size(sio_namespace_rooms(entry->nsp),
                                 room_name_of_user(identity->user, &entry->text)) >= max;
}

static void check_sockets_of_user(struct sio_socket *socket, struct span auth, void *arg)
{
    struct entry *entry = arg;
    const struct client *client = sio_socket_data(socket);

    (void)auth;
    if (!has_enough(entry, client->identity)) {
        sio_socket_next(socket);
        return;
    }
    metric_add(&entry->metrics->users_over_limit, 1);
    struct address_text peer = sio_socket_peer(socket);
    log_peer(&entry->refused_users, span_of(peer.text),
             "refusing a client, its user has too many sockets user=\"" SPAN_FMT "\" max=%" PRIu32,
             SPAN_ARG(client->identity->user), entry->max_sockets_per_user);
    sio_socket_refuse(socket, SPAN_LIT("Too many connections"));
}

void entry_guard(struct entry *entry)
{
    peer_log_init(&entry->refused_tokens, &entry->metrics->log_left_out);
    peer_log_init(&entry->refused_users, &entry->metrics->log_left_out);
    sio_namespace_use(entry->nsp, check_token, entry);
    sio_namespace_use(entry->nsp, recovery_ask, entry->recovery);
    sio_namespace_use(entry->nsp, check_sockets_of_user, entry);
}

void entry_fini(struct entry *entry)
{
    authentication_fini(&entry->authentication);
    buffer_fini(&entry->text);
}

static struct span body_of_connected(struct entry *entry, const struct client *client)
{
    struct buffer *text = &entry->text;

    buffer_clear(text);
    buffer_append(text, SPAN_LIT("{\"socketId\":"));
    buffer_append_json(text, client_id(client));
    buffer_append(text, SPAN_LIT(",\"userId\":"));
    buffer_append(text, client->identity->user_json);
    buffer_append(text, SPAN_LIT(",\"message\":\"Connected to WebSocket Gateway\"}"));
    return buffer_span(text);
}

static void join_own_room(struct entry *entry, const struct client *client)
{
    struct span room = room_name_of_user(client->identity->user, &entry->text);
    enum rooms_join joined = sio_socket_join(client->socket, room);

    assert(joined == ROOMS_JOINED); // it is the first, and one is always allowed
    (void)joined;
}

static void begin(struct entry *entry, struct client *client)
{
    if (identity_is_anonymous(client->identity))
        return;
    join_own_room(entry, client);
    delivery_emit(entry->delivery, client->socket, SPAN_LIT("connected"),
                  body_of_connected(entry, client));
    recovery_begin(entry->recovery, client);
}

// It bears the client's own offset: what is broken off behind it comes again.
static void resume(struct entry *entry, struct client *client)
{
    sio_socket_emit_at(client->socket, SPAN_LIT("connected"), body_of_connected(entry, client),
                       recovery_offset(client), 0);
    recovery_replay(entry->recovery, client);
}

void entry_welcome(struct entry *entry, struct client *client)
{
    const struct identity *identity = client->identity;

    if (recovery_accept(entry->recovery, client))
        resume(entry, client);
    else
        begin(entry, client);
    if (!identity_is_anonymous(identity))
        sio_socket_share_rate(client->socket, identity->user);
    log_debug("client connected sid=%s user=\"" SPAN_FMT "\" role=\"" SPAN_FMT "\"",
              sio_socket_id(client->socket), SPAN_ARG(identity->user), SPAN_ARG(identity->role));
    token_watch_start(entry->watch, &client->alarm, identity->life, now_s());
}
