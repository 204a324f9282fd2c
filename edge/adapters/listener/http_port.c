#define LOG_MODULE "http"

#include "edge/adapters/listener/http_port.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/http_internals.h"

#define REQUEST_MS     20000 // from the request line to the end of the body
#define REPLY_MS       60000 // until a reply has been taken
#define LINGER_MS      2000  // for a client to hear an answer while it still sends
#define IDLE_MS        75000 // between requests; longer than what proxies keep
#define QUIET_MS       1000  // until a connection that waits gives memory back
#define HANGUPS_A_TURN 64
#define IDLE_LOOKED_AT 1024 // for one of an address
#define WAKES_MAX      2

void http_port_run_soon(struct http_port *port)
{
    port->needs_run = true;
}

// ---- connections

void http_port_watch_end(struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = connection};

    epoll_ctl(connection->port->hangup_fd, EPOLL_CTL_ADD, connection->fd, &event);
}

static void open_connection(struct http_port *port, struct MHD_Connection *library, void **context)
{
    struct connection *connection = mem_zalloc(sizeof(*connection));

    connection->port = port;
    connection->library = library;
    connection->counted = port->arriving;
    connection->fd =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    deadline_init(&connection->deadline);
    deadline_init(&connection->quiet);
    deadline_arm(&connection->deadline, &port->idle_due);
    http_port_watch_end(connection);
    *context = connection;
}

static void on_library_connection(void *arg, struct MHD_Connection *library, void **context,
                                  enum MHD_ConnectionNotificationCode code)
{
    struct http_port *port = arg;
    struct connection *connection = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_connection(port, library, context);
        return;
    }
    deadline_cancel(&connection->deadline);
    deadline_cancel(&connection->quiet);
    if (connection->call)
        http_call_free(
            connection->call); // of a request that the library gave up before its headers
    port->handlers.on_gone(connection->counted, port->handlers.arg);
    free(connection);
    *context = NULL;
}

static void on_end(struct connection *connection)
{
    connection->has_ended = true;
    if (connection->call && http_call_abandon(connection->call)) {
        MHD_resume_connection(connection->library);
        http_port_run_soon(connection->port);
        return;
    }
    // The library overlooks an end that comes together with the last bytes; this wakes it again. It
    // also tells us of the end again, in the next turn: then the library has read those bytes and
    // is woken once more. A third time it would not help.
    if (connection->wakes == WAKES_MAX)
        return;
    connection->wakes++;
    shutdown(connection->fd, SHUT_RD);
}

static void on_hangups(uv_poll_t *handle, int status, int events)
{
    struct http_port *port = container_of(handle, struct http_port, hangups);
    struct epoll_event gone[HANGUPS_A_TURN];
    int n = epoll_wait(port->hangup_fd, gone, HANGUPS_A_TURN, 0);

    (void)status;
    (void)events;
    for (int i = 0; i < n; i++)
        on_end(gone[i].data.ptr);
}

// The library closes a connection whose socket was shut down.
static void on_late(struct deadline *deadline, void *arg)
{
    struct connection *connection = container_of(deadline, struct connection, deadline);

    (void)arg;
    if (connection->call)
        http_call_too_late(connection->call);
    shutdown(connection->fd, SHUT_RDWR);
}

static void on_quiet(struct deadline *quiet, void *arg)
{
    (void)arg;
    http_pool_trim(container_of(quiet, struct connection, quiet)->pool);
}

// ---- the library on our loop

static void on_again(uv_idle_t *handle)
{
    container_of(handle, struct http_port, again)->is_readable = true;
}

// An idle handle and no timer: a timer that is started with 0 by its own callback runs in the same
// pass, and while the library wants to go on nobody else of the loop would have a turn.
static void run_again(struct http_port *port)
{
    uv_idle_start(&port->again, on_again);
}

// One run looks once at each connection that has something to read or to write, and serves one
// request of it at most. The library has no timeouts of its own here: it wants to run again at
// once, or when its descriptor says so.
static void run(struct http_port *port)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    port->needs_run = false;
    MHD_run(port->daemon);
    if (MHD_get_timeout(port->daemon, &wait_ms) == MHD_YES)
        run_again(port);
    else
        uv_idle_stop(&port->again);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    container_of(handle, struct http_port, poll)->is_readable = true;
}

// A client that changes from long-polling to its WebSocket has finished that before it sends its
// next request. When both are readable at once, the WebSocket comes first; and so does what fell
// due while the loop slept, for a request may be too late.
static void on_all_read(uv_check_t *handle)
{
    struct http_port *port = container_of(handle, struct http_port, check);

    if (!port->is_readable)
        return;
    port->is_readable = false;
    deadlines_run(&port->loop->deadlines, uv_now(&port->loop->uv));
    run(port);
}

// All polls that were answered in this turn are resumed by one run: each run that has a resume
// looks at every suspended connection. What the run itself queued is written in the next turn,
// which follows at once.
static void on_turn_end(void *arg)
{
    struct http_port *port = arg;

    if (!port->needs_run)
        return;
    run(port);
    run_again(port);
}

static struct MHD_Daemon *start_daemon(struct http_port *port,
                                       const struct client_port_options *options)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_TURBO; // without TURBO a close shuts a handed-over socket down too

    return MHD_start_daemon(flags, 0, NULL, NULL, http_call_on_request, port,                //
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections, //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,     //
                            MHD_OPTION_NOTIFY_CONNECTION, on_library_connection, port,       //
                            MHD_OPTION_NOTIFY_COMPLETED, http_call_on_completed, port,       //
                            MHD_OPTION_URI_LOG_CALLBACK, http_call_on_target, port,          //
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

struct http_port *http_port_new(const struct client_port_options *options,
                                const struct http_port_handlers *handlers, struct event_loop *loop,
                                struct client_port_metrics *metrics)
{
    struct http_port *port = mem_zalloc(sizeof(*port));

    port->handlers = *handlers;
    port->loop = loop;
    port->metrics = metrics;
    port->origins = options->origins;
    port->proxies = options->proxies;
    port->memory = options->memory;
    port->max_body = options->max_body;
    port->compressor = compressor_new();
    port->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    port->daemon = port->hangup_fd < 0 ? NULL : start_daemon(port, options);
    if (!port->daemon) {
        log_error("libmicrohttpd cannot start");
        if (port->hangup_fd >= 0)
            close(port->hangup_fd);
        compressor_free(port->compressor);
        free(port);
        return NULL;
    }
    deadline_queue_init(&port->request_due, &loop->deadlines, REQUEST_MS, on_late, port);
    deadline_queue_init(&port->reply_due, &loop->deadlines, REPLY_MS, on_late, port);
    deadline_queue_init(&port->linger_due, &loop->deadlines, LINGER_MS, on_late, port);
    deadline_queue_init(&port->idle_due, &loop->deadlines, IDLE_MS, on_late, port);
    deadline_queue_init(&port->quiet_due, &loop->deadlines, QUIET_MS, on_quiet, port);
    uv_idle_init(&loop->uv, &port->again);
    uv_poll_init(&loop->uv, &port->poll,
                 MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
    uv_poll_start(&port->poll, UV_READABLE, on_readable);
    uv_check_init(&loop->uv, &port->check);
    uv_check_start(&port->check, on_all_read);
    uv_poll_init(&loop->uv, &port->hangups, port->hangup_fd);
    uv_poll_start(&port->hangups, UV_READABLE, on_hangups);
    event_loop_add_hook(loop, &port->hook, on_turn_end, port);
    return port;
}

void http_port_adopt(struct http_port *port, const struct arrival *arrival)
{
    port->arriving = arrival->counted; // the library tells of the connection before it returns
    // On failure the library has closed the descriptor, without a notification.
    if (MHD_add_connection(port->daemon, arrival->fd, arrival->address, arrival->address_len) !=
        MHD_YES)
        port->handlers.on_gone(arrival->counted, port->handlers.arg);
    port->arriving = NULL;
    http_port_run_soon(port);
}

size_t http_port_close_idle(struct http_port *port, size_t count, const struct tally_entry *address)
{
    size_t closed = 0, seen = 0;

    list_for_each (node, &port->idle_due.waiting) {
        struct connection *connection =
            container_of(list_entry(node, struct deadline, node), struct connection, deadline);
        if (closed == count || ++seen > IDLE_LOOKED_AT)
            break;
        if (address && connection->counted != address)
            continue;
        deadline_cancel(&connection->deadline);
        shutdown(connection->fd, SHUT_RDWR);
        closed++;
    }
    if (closed > 0)
        http_port_run_soon(port);
    return closed;
}

void http_port_close(struct http_port *port)
{
    MHD_run(port->daemon); // writes the last replies
    MHD_run(port->daemon);
    event_loop_remove_hook(&port->hook);
    uv_close((uv_handle_t *)&port->poll, NULL);
    uv_close((uv_handle_t *)&port->hangups, NULL);
    uv_close((uv_handle_t *)&port->check, NULL);
    uv_close((uv_handle_t *)&port->again, NULL);
    MHD_stop_daemon(port->daemon);
    deadline_queue_fini(&port->request_due);
    deadline_queue_fini(&port->reply_due);
    deadline_queue_fini(&port->linger_due);
    deadline_queue_fini(&port->idle_due);
    deadline_queue_fini(&port->quiet_due);
    close(port->hangup_fd);
}

void http_port_free(struct http_port *port)
{
    if (!port)
        return;
    compressor_free(port->compressor);
    free(port);
}
