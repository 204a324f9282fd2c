#define LOG_MODULE "socketio"

#include "edge/socketio/client.h"

#include <stdlib.h>

#include "common/json_string.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/engineio/session.h"
#include "edge/socketio/acks.h"
#include "edge/socketio/binary_packet.h"
#include "edge/socketio/client_deadline.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/handshake.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/socket.h"
#include "edge/socketio/socketio_internal.h"

static void fail(struct sio_client *client, const char *reason)
{
    metric_add(&client->server->metrics->bad_packets, 1);
    struct ip_text peer = eio_session_peer(client->session);

    log_peer(&client->server->log_bad_packets, span_of(peer.text),
             "closing client session=%s reason=%s", eio_session_name(client->session).text, reason);
    eio_session_close(client->session, EIO_PARSE_ERROR);
}

static struct sio_socket *find_socket(const struct sio_client *client, struct span nsp)
{
    list_for_each (entry, &client->sockets) {
        struct sio_socket *socket = list_entry(entry, struct sio_socket, entry);
        if (span_eq(sio_namespace_name(socket->nsp), nsp))
            return socket;
    }
    return NULL;
}

static struct memory_budget *memory_of(const struct sio_client *client)
{
    return client->server->options.engine.memory;
}

static struct sio_socket *find_connected(const struct sio_client *client, struct span nsp)
{
    struct sio_socket *socket = find_socket(client, nsp);

    return socket && socket->state == SOCKET_CONNECTED ? socket : NULL;
}

// Handles a decoded packet. `attachments` are those of a binary packet, and NULL otherwise.
typedef void packet_fn(struct sio_client *client, const struct sio_packet *packet,
                       const struct span *attachments);

static void handle_connect(struct sio_client *client, const struct sio_packet *packet,
                           const struct span *attachments)
{
    (void)attachments;
    if (find_socket(client, packet->nsp))
        fail(client, "CONNECT twice");
    else
        sio__connect(client, packet);
}

static void handle_disconnect(struct sio_client *client, const struct sio_packet *packet,
                              const struct span *attachments)
{
    struct sio_socket *socket = find_connected(client, packet->nsp);

    (void)attachments;
    if (socket)
        sio__socket_end(socket, "client namespace disconnect");
    else
        fail(client, "DISCONNECT without a connection");
}

static struct sio_event event_of(const struct sio_packet *packet, struct span name,
                                 const struct span *attachments)
{
    return (struct sio_event){
        .name = name,
        .args = packet->args,
        .arg_count = packet->arg_count,
        .wants_ack = packet->has_ack,
        .ack_id = packet->has_ack ? packet->ack_id : SIO_NO_ACK,
        .attachments = attachments,
        .attachment_count = packet->attachments,
    };
}

static void deliver_event(struct sio_socket *socket, const struct sio_packet *packet,
                          struct span name, const struct span *attachments)
{
    const struct sio_handlers *handlers = &socket->nsp->handlers;
    const struct sio_event event = event_of(packet, name, attachments);

    metric_add(&socket->client->server->metrics->events_in, 1);
    handlers->on_event(socket, &event, handlers->arg);
}

static void handle_event(struct sio_client *client, const struct sio_packet *packet,
                         const struct span *attachments)
{
    struct sio_socket *socket = find_connected(client, packet->nsp);

    if (!socket) {
        fail(client, "event without a connection");
        return;
    }
    if (!packet->name_escaped) {
        deliver_event(socket, packet, packet->name, attachments);
        return;
    }
    struct buffer name = {0};
    json_string_decode(packet->name, JSON_HALF_PAIR_REPLACED, &name);
    deliver_event(socket, packet, buffer_span(&name), attachments);
    buffer_fini(&name);
}

// An ACK without an id answers nothing and is ignored.
static void handle_ack(struct sio_client *client, const struct sio_packet *packet,
                       const struct span *attachments)
{
    struct sio_socket *socket = find_connected(client, packet->nsp);
    const struct sio_event answer = event_of(packet, packet->name, attachments);

    if (!socket) {
        fail(client, "ack without a connection");
        return;
    }
    metric_add(&client->server->metrics->acks_in, 1);
    if (packet->has_ack)
        sio__ack_on_answer(socket, packet->ack_id, &answer);
}

static void handle_connect_error(struct sio_client *client, const struct sio_packet *packet,
                                 const struct span *attachments)
{
    (void)packet;
    (void)attachments;
    fail(client, "CONNECT_ERROR from a client");
}

static void handle_packet(struct sio_client *client, const struct sio_packet *packet,
                          const struct span *attachments)
{
    static packet_fn *const handlers[] = {
        [SIO_CONNECT] = handle_connect,
        [SIO_DISCONNECT] = handle_disconnect,
        [SIO_EVENT] = handle_event,
        [SIO_ACK] = handle_ack,
        [SIO_CONNECT_ERROR] = handle_connect_error,
        [SIO_BINARY_EVENT] = handle_event,
        [SIO_BINARY_ACK] = handle_ack,
    };

    handlers[packet->type](client, packet, attachments);
}

// The client of a refused binary packet sends its attachments all the same: they are discarded.
static void discard_attachments(struct sio_client *client, uint32_t count)
{
    client->discarded = count;
    if (count > 0)
        sio__client_await_attachment(client);
}

static void discard_attachment(struct sio_client *client)
{
    if (--client->discarded > 0)
        sio__client_await_attachment(client);
    else
        sio__client_has_attachments(client);
}

static bool is_event(const struct sio_packet *packet)
{
    return packet->type == SIO_EVENT || packet->type == SIO_BINARY_EVENT;
}

// Refuses a packet above the rate limit. Only its prefix was decoded, since refusing a packet must
// cost less than handling it. An event without ack id is dropped without an answer.
static void refuse(struct sio_client *client, const struct sio_packet *packet)
{
    struct sio_socket *socket = find_connected(client, packet->nsp);

    if (packet->type == SIO_CONNECT)
        sio__connect_refuse(client, packet, SPAN_LIT("Rate limit exceeded"));
    else if (!socket)
        fail(client, "packet without a connection");
    else if (is_event(packet) && packet->has_ack)
        sio_socket_ack(socket, packet->ack_id, SPAN_LIT("{\"error\":\"Rate limit exceeded\"}"));
}

static size_t binary_packet_limit(const struct sio_client *client)
{
    return client->server->options.engine.max_payload;
}

// Checks the connection before anything is kept: the server must not collect the attachments of a
// packet that it will refuse.
static void begin_binary_packet(struct sio_client *client, const struct sio_packet *packet,
                                struct span text)
{
    if (!find_connected(client, packet->nsp)) {
        fail(client, "binary packet without a connection");
    } else if (text.len > binary_packet_limit(client)) {
        fail(client, "binary packet too large");
    } else {
        client->binary_packet = binary_packet_new(text, memory_of(client));
        if (client->binary_packet)
            sio__client_await_attachment(client);
        else
            eio_session_close(client->session, EIO_MEMORY_LIMIT);
    }
}

static void finish_binary_packet(struct sio_client *client)
{
    struct binary_packet *binary_packet = client->binary_packet;

    client->binary_packet = NULL;
    sio__client_has_attachments(client);
    handle_packet(client, &binary_packet->decoded, binary_packet->attachments);
    binary_packet_free(binary_packet);
}

static void refuse_binary_packet(struct sio_client *client)
{
    struct binary_packet *binary_packet = client->binary_packet;

    client->binary_packet = NULL;
    sio__client_has_attachments(client);
    refuse(client, &binary_packet->decoded);
    discard_attachments(client,
                        binary_packet->decoded.attachments - binary_packet->attachment_count - 1);
    binary_packet_free(binary_packet);
}

static void add_attachment(struct sio_client *client, struct span bytes)
{
    switch (binary_packet_add(client->binary_packet, bytes, binary_packet_limit(client))) {
    case BINARY_PACKET_TOO_BIG:
        fail(client, "binary packet too large");
        break;
    case BINARY_PACKET_NO_MEMORY:
        eio_session_close(client->session, EIO_MEMORY_LIMIT);
        break;
    case BINARY_PACKET_OK:
        if (binary_packet_is_complete(client->binary_packet))
            finish_binary_packet(client);
        else
            sio__client_await_attachment(client);
        break;
    }
}

// If an attachment is above the rate limit, its whole packet is refused, with the attachments that
// are still to come.
static void on_binary(struct sio_client *client, struct span bytes, bool refused)
{
    if (client->discarded > 0)
        discard_attachment(client);
    else if (!client->binary_packet)
        fail(client, "binary data that no packet announced");
    else if (refused)
        refuse_binary_packet(client);
    else
        add_attachment(client, bytes);
}

static void take_text(struct sio_client *client, struct sio_packet *packet, struct span text)
{
    enum sio_status status = sio_packet_decode_payload(packet);

    if (status != SIO_OK)
        fail(client, sio_status_str(status));
    else if (packet->attachments > 0)
        begin_binary_packet(client, packet, text);
    else
        handle_packet(client, packet, NULL);
}

static void on_text(struct sio_client *client, struct span text, bool refused)
{
    struct sio_packet packet;

    if (client->binary_packet || client->discarded > 0) {
        fail(client, "text in the middle of a binary packet");
        return;
    }
    enum sio_status status = sio_packet_decode_prefix(text, &packet);
    if (status != SIO_OK) {
        fail(client, sio_status_str(status));
    } else if (refused && packet.type != SIO_DISCONNECT) { // DISCONNECT is cheap: never refused
        refuse(client, &packet);
        discard_attachments(client, packet.attachments);
    } else {
        take_text(client, &packet, text);
    }
}

static void take_message(struct sio_client *client, enum frame_kind kind, struct span bytes,
                         bool refused)
{
    if (!eio_session_is_open(client->session))
        return; // messages of one read may follow the one that closed the session
    if (kind == FRAME_BINARY)
        on_binary(client, bytes, refused);
    else
        on_text(client, bytes, refused);
}

void sio__client_on_message(struct sio_client *client, enum frame_kind kind, struct span bytes)
{
    take_message(client, kind, bytes, false);
}

void sio__client_on_refused(struct sio_client *client, enum frame_kind kind, struct span bytes)
{
    take_message(client, kind, bytes, true);
}

void sio__client_on_attachment_late(struct deadline *deadline, void *arg)
{
    (void)arg;
    fail(container_of(deadline, struct sio_client, deadline), "attachments did not come");
}

static struct span find_cookie(const struct sio_server *server, const struct http_request *request)
{
    const struct sio_options *options = &server->options;

    return options->cookie_of ? options->cookie_of(request, options->cookie_arg) : (struct span){0};
}

void sio__client_open(struct sio_server *server, struct eio_session *session,
                      const struct http_request *request)
{
    struct sio_client *client = mem_zalloc(sizeof(*client));

    client->server = server;
    client->session = session;
    list_init(&client->sockets);
    deadline_init(&client->deadline);
    sio__client_await_connect(client);
    client->handshake = sio__handshake_new(request, find_cookie(server, request),
                                           deadlines_now(server->clock), memory_of(client));
    server->client_count++;
    eio_session_set_data(session, client);
    // Clients of Engine.IO 3 (revision 4 of Socket.IO) are in the root namespace without a CONNECT
    // packet.
    if (eio_session_version(session) == 3)
        sio__connect(client, &(struct sio_packet){.type = SIO_CONNECT, .nsp = SPAN_LIT("/")});
}

static void log_rate_limit(const struct sio_client *client)
{
    struct ip_text peer = eio_session_peer(client->session);

    log_peer(&client->server->log_rate_limits, span_of(peer.text),
             "closing client session=%s reason=%s", eio_session_name(client->session).text,
             "rate limit");
}

void sio__client_close(struct sio_client *client, enum eio_close_reason reason)
{
    struct sio_server *server = client->server;

    if (reason == EIO_RATE_LIMIT)
        log_rate_limit(client);
    while (!list_empty(&client->sockets))
        sio__socket_end(list_entry(client->sockets.next, struct sio_socket, entry),
                        eio_close_reason_str(reason));
    sio__socket_reap(server);
    deadline_cancel(&client->deadline);
    binary_packet_free(client->binary_packet);
    sio__handshake_free(client->handshake);
    server->client_count--;
    free(client);
}
