#define LOG_MODULE "gateway"

#include "edge/gateway/client_connect.h"

#include <assert.h>
#include <inttypes.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/log.h"
#include "edge/gateway/clients/recovery.h"
#include "edge/gateway/clients/recovery_accept.h"
#include "edge/gateway/rooms/claim_rooms.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/middleware.h"
#include "edge/socketio/namespace.h"

static int64_t now_s(void)
{
    return (int64_t)(clock_wall_ms() / 1000);
}

static void refuse_token(struct client_connect *connect, struct sio_socket *socket,
                         enum token_status status)
{
    struct ip_text peer = sio_socket_peer(socket);

    metric_add(&connect->metrics->auth_refused[status], 1);
    log_peer(&connect->refused_tokens, span_of(peer.text), "refusing a token socket=%s reason=%s",
             sio_socket_id(socket), token_status_str(status));
    buffer_clear(&connect->text);
    buffer_printf(&connect->text, "Authentication error: %s", token_status_str(status));
    sio_socket_refuse(socket, buffer_span(&connect->text));
}

static enum token_status verify(struct client_connect *connect, const struct sio_socket *socket,
                                struct span auth, struct identity **identity)
{
    struct sio_handshake handshake = sio_socket_handshake(socket);

    return authenticate(&connect->authentication, auth, &handshake, sio_socket_version(socket),
                        now_s(), identity);
}

static void on_wait_over(struct client *client, void *arg)
{
    (void)arg;
    key_wait_free(client->key_wait);
    sio_socket_next(client->socket);
}

static void check_token(struct sio_socket *socket, struct span auth, void *arg)
{
    struct client_connect *connect = arg;
    struct identity *identity;
    enum token_status status = verify(connect, socket, auth, &identity);

    if (status == TOKEN_OK) {
        (void)client_new(socket, identity);
        sio_socket_next(socket);
    } else if (status == TOKEN_UNKNOWN_KEY && key_waits_may_begin(connect->waits, auth.len)) {
        key_wait_begin(connect->waits, client_new(socket, NULL), auth.len, on_wait_over, NULL);
    } else {
        refuse_token(connect, socket, status);
    }
}

// The step behind check_token(): verifies the tokens that had to wait for a key.
static void check_token_again(struct sio_socket *socket, struct span auth, void *arg)
{
    struct client_connect *connect = arg;
    struct client *client = sio_socket_data(socket);
    struct identity *identity = client->identity;
    enum token_status status = TOKEN_OK;

    if (!identity)
        status = verify(connect, socket, auth, &identity);
    if (status != TOKEN_OK) {
        refuse_token(connect, socket, status);
        return;
    }
    client->identity = identity;
    sio_socket_next(socket);
}

// Every socket of a user is in the user's room, so the size of the room is the number of sockets.
// Anonymous clients are in no user room and so never over the limit.
static bool has_enough(struct client_connect *connect, const struct identity *identity)
{
    size_t max = connect->max_sockets_per_user;

    return max > 0 && rooms_size(sio_namespace_rooms(connect->nsp),
                                 room_name_of_user(identity->user, &connect->text)) >= max;
}

static void check_sockets_of_user(struct sio_socket *socket, struct span auth, void *arg)
{
    struct client_connect *connect = arg;
    const struct client *client = sio_socket_data(socket);

    (void)auth;
    if (!has_enough(connect, client->identity)) {
        sio_socket_next(socket);
        return;
    }
    metric_add(&connect->metrics->users_over_limit, 1);
    struct ip_text peer = sio_socket_peer(socket);
    log_peer(&connect->refused_users, span_of(peer.text),
             "refusing a client, its user has too many sockets user=" SPAN_FMT " limit=%" PRIu32,
             SPAN_ARG(client->identity->user), connect->max_sockets_per_user);
    sio_socket_refuse(socket, SPAN_LIT("Too many connections"));
}

// Recovery comes before the count of sockets: it ends the connection that had the session, which
// must not count any more.
void client_connect_add_middleware(struct client_connect *connect)
{
    peer_log_init(&connect->refused_tokens, &connect->metrics->log_left_out);
    peer_log_init(&connect->refused_users, &connect->metrics->log_left_out);
    sio_namespace_use(connect->nsp, check_token, connect);
    sio_namespace_use(connect->nsp, check_token_again, connect);
    sio_namespace_use(connect->nsp, recovery_ask, connect->recovery);
    sio_namespace_use(connect->nsp, check_sockets_of_user, connect);
}

void client_connect_fini(struct client_connect *connect)
{
    authentication_fini(&connect->authentication);
    buffer_fini(&connect->text);
}

static struct span body_of_connected(struct client_connect *connect, const struct client *client)
{
    struct buffer *text = &connect->text;

    buffer_clear(text);
    buffer_append(text, SPAN_LIT("{\"socketId\":"));
    json_string_append(text, client_id(client));
    buffer_append(text, SPAN_LIT(",\"userId\":"));
    buffer_append(text, client->identity->user_json);
    buffer_append(text, SPAN_LIT(",\"message\":\"Connected to WebSocket Gateway\"}"));
    return buffer_span(text);
}

static void join_own_room(struct client_connect *connect, const struct client *client)
{
    struct span room = room_name_of_user(client->identity->user, &connect->text);
    enum rooms_join joined = sio_socket_join(client->socket, room);

    assert(joined == ROOMS_JOINED); // it is the first room, and one is always allowed
    (void)joined;
}

static void begin(struct client_connect *connect, struct client *client)
{
    if (identity_is_anonymous(client->identity))
        return;
    join_own_room(connect, client);
    claim_rooms_begin(connect->joins, client);
    delivery_emit(connect->delivery, client->socket, SPAN_LIT("connected"),
                  body_of_connected(connect, client));
    recovery_begin(client);
}

// `connected` carries the offset that the client sent, not a newer one: if the connection breaks
// after it, the client asks again for everything that the replay would have brought.
static void resume(struct client_connect *connect, struct client *client)
{
    struct buffer ended = recovery_take_ended(client);

    sio_socket_emit_at(client->socket, SPAN_LIT("connected"), body_of_connected(connect, client),
                       recovery_offset(client), 0);
    recovery_replay(connect->recovery, client);
    claim_rooms_resume(connect->joins, client, buffer_span(&ended));
    buffer_fini(&ended);
}

void client_connect_accept(struct client_connect *connect, struct client *client)
{
    const struct identity *identity = client->identity;

    if (recovery_accept(connect->recovery, client))
        resume(connect, client);
    else
        begin(connect, client);
    if (!identity_is_anonymous(identity))
        sio_socket_share_rate(client->socket, identity->user);
    log_debug("client connected socket=%s user=" SPAN_FMT " role=" SPAN_FMT,
              sio_socket_id(client->socket), SPAN_ARG(identity->user), SPAN_ARG(identity->role));
    token_expiry_start(connect->expiry, &client->alarm, identity->life, now_s());
}
