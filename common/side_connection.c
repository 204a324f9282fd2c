#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/side_port_internal.h"

#define ACCEPTS_A_TURN 32

void side_connection_on_change(void *arg, struct MHD_Connection *library, void **context,
                               enum MHD_ConnectionNotificationCode code)
{
    struct side_port *port = arg;
    struct side_connection *connection = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection = mem_zalloc(sizeof(*connection));
        connection->library = library;
        connection->fd =
            MHD_get_connection_info(library, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        connection->since_ms = clock_monotonic_ms();
        list_append(&port->connections, &connection->entry);
        port->open_count++;
        *context = connection;
        return;
    }
    list_unlink(&connection->entry);
    port->open_count--;
    side_request_free(connection->request); // of which the library has not read all headers
    free(connection);
    *context = NULL;
}

static struct side_connection *find_evictable(struct side_port *port, bool trusted)
{
    list_for_each (node, &port->connections) {
        struct side_connection *connection = list_entry(node, struct side_connection, entry);
        if (!connection->held && connection->trusted == trusted)
            return connection;
    }
    return NULL;
}

// Shuts a connection down, so that the library closes it. Returns false if none was closed.
static bool evict_oldest(struct side_port *port)
{
    unsigned before = port->open_count;
    struct side_connection *oldest = find_evictable(port, false);

    oldest = oldest ? oldest : find_evictable(port, true);
    if (!oldest)
        return false;
    shutdown(oldest->fd, SHUT_RDWR);
    metric_add(&port->options.metrics->evicted, 1);
    for (int i = 0; i < 2 && port->open_count == before; i++)
        MHD_run(port->daemon);
    return port->open_count < before;
}

static bool make_room(struct side_port *port)
{
    while (port->open_count >= port->options.connections_max)
        if (!evict_oldest(port))
            return false;
    return true;
}

// Returns false if descriptors are used up and no connection could be closed to get one.
static bool accept_one(struct side_port *port, bool *accepted)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd = accept4(port->options.listener, (struct sockaddr *)&address, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    *accepted = fd >= 0;
    if (fd < 0)
        return (errno != EMFILE && errno != ENFILE) || evict_oldest(port);
    if (!make_room(port)) {
        metric_add(&port->options.metrics->refused, 1);
        close(fd);
        return true;
    }
    // On failure the library has closed the descriptor.
    if (MHD_add_connection(port->daemon, fd, (struct sockaddr *)&address, len) == MHD_YES)
        MHD_run(port->daemon);
    return true;
}

bool side_connection_accept(struct side_port *port)
{
    bool accepted = true;

    for (int i = 0; i < ACCEPTS_A_TURN && accepted; i++)
        if (!accept_one(port, &accepted))
            return false;
    return true;
}

void side_connection_end_late(struct side_port *port, uint64_t now_ms)
{
    list_for_each (node, &port->connections) {
        struct side_connection *connection = list_entry(node, struct side_connection, entry);
        if (!connection->held && now_ms > connection->since_ms + SIDE_REQUEST_MS)
            shutdown(connection->fd, SHUT_RDWR);
    }
}
