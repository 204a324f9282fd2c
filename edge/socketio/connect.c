#include "edge/socketio/connect.h"

#include <assert.h>

#include "common/buffer.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "common/percent.h"
#include "edge/socketio/client_deadline.h"
#include "edge/socketio/middleware.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/socket.h"
#include "edge/socketio/socketio_internal.h"

static bool is_version_3(const struct sio_client *client)
{
    return eio_session_version(client->session) == 3;
}

// Sends CONNECT_ERROR with {"message":…}, or with only the string.
static void send_error(struct sio_client *client, struct span nsp, struct span message,
                       bool as_string)
{
    struct buffer json = {0};

    if (!as_string)
        buffer_append(&json, SPAN_LIT("{\"message\":"));
    json_string_append(&json, message);
    if (!as_string)
        buffer_append_char(&json, '}');
    struct frame *frame = sio_encode_connect_error(nsp, buffer_span(&json));
    eio_session_send(client->session, frame);
    frame_unref(frame);
    buffer_fini(&json);
    metric_add(&client->server->metrics->connects_refused, 1);
}

static void append_decoded(struct span text, struct buffer *json, struct buffer *plain)
{
    buffer_clear(plain);
    bool ok = percent_decode(text, true, plain);
    json_string_append(json, ok ? buffer_span(plain) : text);
}

// Writes the query of a namespace, in which Engine.IO 3 clients send their auth data, as a JSON
// object.
static void auth_from_query(struct span query, struct buffer *json)
{
    struct buffer plain = {0};
    struct span pair, name;

    buffer_append_char(json, '{');
    while (span_take_until(&query, '&', &pair)) {
        if (pair.len == 0 || !span_take_until(&pair, '=', &name))
            continue;
        if (json->len > 1)
            buffer_append_char(json, ',');
        append_decoded(name, json, &plain);
        buffer_append_char(json, ':');
        append_decoded(pair, json, &plain);
    }
    buffer_append_char(json, '}');
    buffer_fini(&plain);
}

static void start_middleware(struct sio_socket *socket, const struct sio_packet *packet)
{
    struct buffer auth = {0};

    if (packet->nsp_query.len == 0) {
        sio__middleware_start(socket, packet->json);
        return;
    }
    auth_from_query(packet->nsp_query, &auth);
    sio__middleware_start(socket, buffer_span(&auth));
    buffer_fini(&auth);
}

// The name of the namespace, with the query for Engine.IO 4: only in Engine.IO 3 a '?' begins a
// query.
static struct span asked_name(const struct sio_client *client, const struct sio_packet *packet)
{
    struct span name = packet->nsp;

    if (packet->nsp_query.ptr && !is_version_3(client))
        name.len += 1 + packet->nsp_query.len;
    return name;
}

// An unknown namespace is refused with an object even for Engine.IO 3 clients, which get other
// errors as a string. The reference server does the same.
void sio__connect(struct sio_client *client, const struct sio_packet *packet)
{
    struct span name = asked_name(client, packet);
    struct sio_namespace *nsp = sio__namespace_find(client->server, name);

    if (!nsp)
        send_error(client, name, SPAN_LIT("Invalid namespace"), false);
    else if (client->socket_count >= client->server->options.max_namespaces_per_client)
        send_error(client, name, SPAN_LIT("Too many namespaces"), is_version_3(client));
    else
        start_middleware(sio__socket_new(client, nsp), packet);
}

void sio__connect_refuse(struct sio_client *client, const struct sio_packet *packet,
                         struct span message)
{
    send_error(client, asked_name(client, packet), message, is_version_3(client));
}

static void send_accepted(struct sio_socket *socket, struct span pid)
{
    struct buffer json = {0};

    if (!is_version_3(socket->client))
        buffer_printf(&json, "{\"sid\":\"%s\"", socket->id);
    if (pid.len > 0)
        buffer_printf(&json, ",\"pid\":\"" SPAN_FMT "\"", SPAN_ARG(pid));
    if (json.len > 0)
        buffer_append_char(&json, '}');
    struct frame *frame = sio_encode_connect(sio_namespace_name(socket->nsp), buffer_span(&json));
    eio_session_send(socket->session, frame);
    frame_unref(frame);
    buffer_fini(&json);
}

static void accept_as(struct sio_socket *socket, struct span pid)
{
    struct sio_metrics *metrics = socket->nsp->server->metrics;

    if (socket->state != SOCKET_CONNECTING)
        return;
    socket->state = SOCKET_CONNECTED;
    socket->nsp->socket_count++;
    list_append(&socket->nsp->sockets, &socket->of_namespace);
    metric_add(&metrics->sockets, 1);
    metric_add(&metrics->connects, 1);
    sio__client_on_accepted(socket->client);
    send_accepted(socket, pid);
}

void sio_socket_accept(struct sio_socket *socket)
{
    accept_as(socket, (struct span){0});
}

void sio_socket_accept_recoverable(struct sio_socket *socket, struct span id, struct span pid)
{
    assert(!is_version_3(socket->client));
    if (id.len == socket->id_len)
        memcpy(socket->id, id.ptr, id.len);
    socket->recoverable = true;
    accept_as(socket, pid);
}

void sio_socket_refuse(struct sio_socket *socket, struct span message)
{
    struct sio_client *client = socket->client;

    if (socket->state != SOCKET_CONNECTING)
        return;
    send_error(client, sio_namespace_name(socket->nsp), message, is_version_3(client));
    sio__socket_mark_refused(socket);
}
