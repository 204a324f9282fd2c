#include "edge/adapters/listener/websocket_closing.h"

#include <sys/socket.h>

#include "edge/adapters/listener/websocket_writer.h"
#include "edge/websocket/frame_header.h"

static void write_close_frame(struct websocket_connection *connection)
{
    unsigned code = connection->close_code;
    unsigned char frame[WS_SERVER_HEADER_MAX + 2];
    size_t payload = code == WS_CLOSE_NO_CODE ? 0 : 2;
    size_t len = ws_header_write(frame, WS_CLOSE, false, payload);

    frame[len] = (unsigned char)(code >> 8);
    frame[len + 1] = (unsigned char)code;
    connection->close_frame_written = true;
    websocket_write_own(connection, (struct span){(char *)frame, len + payload});
}

// Sends our own bytes, the rest of a cut frame, and then the close frame, as far as the socket
// takes them. When all is sent, our side of the stream ends; the connection goes when the client
// ends its side or misses the deadline.
void websocket_continue_closing(struct websocket_connection *connection)
{
    websocket_send_own(connection);
    if (!connection->full)
        eio_websocket_write_rest(&connection->engine);
    if (!websocket_has_backlog(connection) && !connection->close_frame_written)
        write_close_frame(connection);
    if (websocket_has_backlog(connection))
        websocket_want_writable(connection);
    else
        shutdown(connection->fd, SHUT_WR);
}

void websocket_close(struct websocket_connection *connection, unsigned code)
{
    connection->close_code = code;
    deadline_arm(&connection->timeout, &connection->shared->close_due);
    websocket_continue_closing(connection);
}

void websocket_on_close_late(struct deadline *deadline, void *arg)
{
    (void)arg;
    websocket_abort(container_of(deadline, struct websocket_connection, timeout));
}

void websocket_leave_engine(struct websocket_connection *connection)
{
    if (connection->open)
        eio_websocket_on_closed(&connection->engine);
    connection->open = false;
}
