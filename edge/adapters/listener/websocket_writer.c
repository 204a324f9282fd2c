#include "edge/adapters/listener/websocket_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "edge/engineio/write_batch.h"
#include "edge/websocket/frame_header.h"

#define WRITE_MAX      ((size_t)128 * 1024) // bytes of one write, so that others get their turn
#define WITH_REPLY_MAX 4096 // bytes of first frames that go with the reply to the handshake

void websocket_abort(struct websocket_connection *connection)
{
    shutdown(connection->fd, SHUT_RDWR);
}

bool websocket_has_backlog(const struct websocket_connection *connection)
{
    return (connection->own.len > 0 && !connection->reply_waits) || connection->engine.cut;
}

static size_t bytes_of(const struct span *pieces, uint32_t count)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < count; i++)
        bytes += pieces[i].len;
    return bytes;
}

// The parts of one write: the pieces, up to WRITE_MAX bytes of them. Returns how many.
static size_t take_parts(const struct span *pieces, uint32_t count, struct iovec *parts)
{
    size_t room = WRITE_MAX;
    uint32_t n = 0;

    for (; n < count && room > 0; n++) {
        size_t len = pieces[n].len < room ? pieces[n].len : room;
        parts[n] = (struct iovec){(void *)pieces[n].ptr, len};
        room -= len;
    }
    return n;
}

// Returns how many bytes the socket took; a broken connection is shut down and counts as taking
// all. The write goes past the library: it would keep what the socket does not take, but reads
// nothing from the connection while it does, not even the answers to heartbeats.
static size_t send_pieces(struct websocket_connection *connection, const struct span *pieces,
                          uint32_t count)
{
    struct iovec parts[WRITE_BATCH_MAX_FRAMES];
    struct msghdr message = {.msg_iov = parts};
    size_t all = bytes_of(pieces, count);

    message.msg_iovlen = take_parts(pieces, count, parts);
    ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
        websocket_abort(connection);
        return all;
    }
    size_t taken = sent > 0 ? (size_t)sent : 0;
    if (taken < all) {
        connection->full = true;
        websocket_want_writable(connection);
    }
    return taken;
}

static size_t send_some(struct websocket_connection *connection, struct span bytes)
{
    return send_pieces(connection, &bytes, 1);
}

void websocket_send_own(struct websocket_connection *connection)
{
    struct buffer *own = &connection->own;

    connection->reply_waits = false;
    if (own->len == 0 || connection->full)
        return;
    size_t sent = send_some(connection, buffer_span(own));
    if (sent == own->len) {
        buffer_fini(own);
        return;
    }
    memmove(own->ptr, own->ptr + sent, own->len - sent);
    own->len -= sent;
}

void websocket_write_own(struct websocket_connection *connection, struct span bytes)
{
    buffer_append(&connection->own, bytes);
    websocket_send_own(connection);
}

void websocket_send_reply(struct websocket_connection *connection)
{
    if (connection->reply_waits)
        websocket_send_own(connection);
}

// Of several pings only the last need be answered (RFC 6455, 5.5.3), so a flood of them costs one
// write for each read.
void websocket_answer_ping(struct websocket_connection *connection, struct span payload)
{
    unsigned char header[WS_SERVER_HEADER_MAX];
    size_t len = ws_header_write(header, WS_PONG, false, payload.len);

    buffer_clear(&connection->pong);
    buffer_append(&connection->pong, (struct span){(char *)header, len});
    buffer_append(&connection->pong, payload);
}

void websocket_send_pong(struct websocket_connection *connection)
{
    websocket_send_reply(connection);
    if (connection->pong.len == 0 || connection->full || websocket_has_backlog(connection))
        return;
    websocket_write_own(connection, buffer_span(&connection->pong));
    buffer_fini(&connection->pong);
}

bool websocket_can_write(const struct websocket_connection *connection)
{
    return !connection->close_code && !connection->full &&
           (connection->own.len == 0 || connection->reply_waits);
}

size_t websocket_write_frames(struct websocket_connection *connection, const struct span *pieces,
                              uint32_t count)
{
    size_t bytes = bytes_of(pieces, count);

    if (connection->reply_waits && bytes <= WITH_REPLY_MAX) {
        for (uint32_t i = 0; i < count; i++)
            buffer_append(&connection->own, pieces[i]);
        websocket_send_own(connection);
        return bytes;
    }
    websocket_send_pong(connection);
    return connection->full ? 0 : send_pieces(connection, pieces, count);
}
