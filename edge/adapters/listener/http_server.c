#define LOG_MODULE "http"

#include "edge/adapters/listener/http_server.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/http_exchange.h"

#define REQUEST_MS     20000 // from the request line to the end of the body
#define REPLY_MS       60000 // until the client has taken the reply
#define LINGER_MS      2000  // for a client that still sends to read an early reply
#define IDLE_MS        75000 // between requests; longer than proxies keep a connection
#define QUIET_MS       1000  // until a connection that waits gives memory back
#define HANGUPS_A_TURN 64
#define IDLE_LOOKED_AT 1024 // connections that are searched for one of an address
#define WAKES_MAX      2    // see on_end()

// ---- connections

static void open_connection(struct http_server *server, struct MHD_Connection *library,
                            void **context)
{
    struct http_connection *connection = mem_zalloc(sizeof(*connection));

    connection->server = server;
    connection->library = library;
    connection->counted = server->arriving;
    connection->fd =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    deadline_init(&connection->deadline);
    deadline_init(&connection->quiet);
    deadline_arm(&connection->deadline, &server->idle_due);
    http_connection_watch_end(connection);
    *context = connection;
}

static void on_library_connection(void *arg, struct MHD_Connection *library, void **context,
                                  enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = arg;
    struct http_connection *connection = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_connection(server, library, context);
        return;
    }
    deadline_cancel(&connection->deadline);
    deadline_cancel(&connection->quiet);
    if (connection->exchange)
        http_exchange_free(connection->exchange); // the library gave up before it read the headers
    server->handlers.on_gone(connection->counted, server->handlers.arg);
    free(connection);
    *context = NULL;
}

static void on_end(struct http_connection *connection)
{
    connection->has_ended = true;
    if (connection->exchange && http_exchange_abort(connection->exchange)) {
        MHD_resume_connection(connection->library);
        http_server_run_soon(connection->server);
        return;
    }
    // The library overlooks an end of the stream that comes together with the last bytes. A
    // shutdown() wakes it, and makes `hangup_fd` report the end again in the next turn. By then the
    // library has read those bytes, and is woken a second time. A third time would not help.
    if (connection->wakes == WAKES_MAX)
        return;
    connection->wakes++;
    shutdown(connection->fd, SHUT_RD);
}

static void on_hangups(uv_poll_t *handle, int status, int events)
{
    struct http_server *server = container_of(handle, struct http_server, hangups);
    struct epoll_event gone[HANGUPS_A_TURN];
    int n = epoll_wait(server->hangup_fd, gone, HANGUPS_A_TURN, 0);

    (void)status;
    (void)events;
    for (int i = 0; i < n; i++)
        on_end(gone[i].data.ptr);
}

// The library closes a connection whose socket was shut down.
static void on_late(struct deadline *deadline, void *arg)
{
    struct http_connection *connection = container_of(deadline, struct http_connection, deadline);

    (void)arg;
    if (connection->exchange)
        http_exchange_time_out(connection->exchange);
    shutdown(connection->fd, SHUT_RDWR);
}

static void on_quiet(struct deadline *quiet, void *arg)
{
    (void)arg;
    http_pool_trim(container_of(quiet, struct http_connection, quiet)->pool);
}

// ---- the library on our loop

static void on_again(uv_idle_t *handle)
{
    container_of(handle, struct http_server, again)->is_readable = true;
}

// An idle handle, not a timer: a timer that its own callback starts with 0 runs again in the same
// pass, so that nothing else of the loop would run while the library wants to go on.
static void run_again(struct http_server *server)
{
    uv_idle_start(&server->again, on_again);
}

// One run of the library serves each connection that is readable or writable once, with one request
// at most. It is given no timeouts of its own, so MHD_get_timeout() only tells whether it wants to
// run again at once; otherwise it waits until its descriptor is readable.
static void run(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    server->needs_run = false;
    MHD_run(server->daemon);
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
        run_again(server);
    else
        uv_idle_stop(&server->again);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    container_of(handle, struct http_server, poll)->is_readable = true;
}

// A client that upgrades has finished that on its WebSocket before it sends its next HTTP request.
// When both are readable at once, the WebSocket must be read first, so the library runs only here.
// Deadlines that fell due while the loop slept come first too: the request may be too late.
static void on_all_read(uv_check_t *handle)
{
    struct http_server *server = container_of(handle, struct http_server, check);

    if (!server->is_readable)
        return;
    server->is_readable = false;
    deadlines_run(&server->loop->deadlines, uv_now(&server->loop->uv));
    run(server);
}

// One run resumes all polls that were answered in this turn, because a run with anything to resume
// walks all suspended connections. Replies that are queued during the run are written in the next
// turn, which follows at once.
static void on_turn_end(void *arg)
{
    struct http_server *server = arg;

    if (!server->needs_run)
        return;
    run(server);
    run_again(server);
}

static struct MHD_Daemon *start_daemon(struct http_server *server,
                                       const struct listener_options *options)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                     MICROHTTPD_ONE_THREAD | // for http_server_adopt()
                     MHD_USE_TURBO; // without TURBO a close shuts a handed-over socket down too

    return MHD_start_daemon(flags, 0, NULL, NULL, http_exchange_on_request, server,          //
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections, //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,     //
                            MHD_OPTION_NOTIFY_CONNECTION, on_library_connection, server,     //
                            MHD_OPTION_NOTIFY_COMPLETED, http_exchange_on_completed, server, //
                            MHD_OPTION_URI_LOG_CALLBACK, http_exchange_on_target, server,    //
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

struct http_server *http_server_new(const struct listener_options *options,
                                    const struct http_server_handlers *handlers,
                                    struct event_loop *loop, struct listener_metrics *metrics)
{
    struct http_server *server = mem_zalloc(sizeof(*server));

    server->handlers = *handlers;
    server->loop = loop;
    server->metrics = metrics;
    server->origins = options->origins;
    server->proxies = options->proxies;
    server->memory = options->memory;
    server->max_body = options->max_body;
    server->compressor = compressor_new();
    server->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    server->daemon = server->hangup_fd < 0 ? NULL : start_daemon(server, options);
    if (!server->daemon) {
        log_error("libmicrohttpd cannot start");
        if (server->hangup_fd >= 0)
            close(server->hangup_fd);
        compressor_free(server->compressor);
        free(server);
        return NULL;
    }
    deadline_queue_init(&server->request_due, &loop->deadlines, REQUEST_MS, on_late, server);
    deadline_queue_init(&server->reply_due, &loop->deadlines, REPLY_MS, on_late, server);
    deadline_queue_init(&server->linger_due, &loop->deadlines, LINGER_MS, on_late, server);
    deadline_queue_init(&server->idle_due, &loop->deadlines, IDLE_MS, on_late, server);
    deadline_queue_init(&server->quiet_due, &loop->deadlines, QUIET_MS, on_quiet, server);
    uv_idle_init(&loop->uv, &server->again);
    uv_poll_init(&loop->uv, &server->poll,
                 MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
    uv_poll_start(&server->poll, UV_READABLE, on_readable);
    uv_check_init(&loop->uv, &server->check);
    uv_check_start(&server->check, on_all_read);
    uv_poll_init(&loop->uv, &server->hangups, server->hangup_fd);
    uv_poll_start(&server->hangups, UV_READABLE, on_hangups);
    event_loop_add_hook(loop, &server->hook, on_turn_end, server);
    return server;
}

void http_server_adopt(struct http_server *server, const struct arrival *arrival)
{
    server->arriving = arrival->counted; // for open_connection(), which the library calls now
    // On failure the library has closed the descriptor, without a notification.
    if (MHD_add_connection(server->daemon, arrival->fd, arrival->address, arrival->address_len) !=
        MHD_YES)
        server->handlers.on_gone(arrival->counted, server->handlers.arg);
    server->arriving = NULL;
    http_server_run_soon(server);
}

size_t http_server_close_idle(struct http_server *server, size_t count,
                              const struct key_count *address)
{
    size_t closed = 0, seen = 0;

    list_for_each (node, &server->idle_due.waiting) {
        struct http_connection *connection =
            container_of(list_entry(node, struct deadline, node), struct http_connection, deadline);
        if (closed == count || ++seen > IDLE_LOOKED_AT)
            break;
        if (address && connection->counted != address)
            continue;
        deadline_cancel(&connection->deadline);
        shutdown(connection->fd, SHUT_RDWR);
        closed++;
    }
    if (closed > 0)
        http_server_run_soon(server);
    return closed;
}

void http_server_close(struct http_server *server)
{
    MHD_run(server->daemon); // writes the last replies
    MHD_run(server->daemon);
    event_loop_remove_hook(&server->hook);
    uv_close((uv_handle_t *)&server->poll, NULL);
    uv_close((uv_handle_t *)&server->hangups, NULL);
    uv_close((uv_handle_t *)&server->check, NULL);
    uv_close((uv_handle_t *)&server->again, NULL);
    MHD_stop_daemon(server->daemon);
    deadline_queue_fini(&server->request_due);
    deadline_queue_fini(&server->reply_due);
    deadline_queue_fini(&server->linger_due);
    deadline_queue_fini(&server->idle_due);
    deadline_queue_fini(&server->quiet_due);
    close(server->hangup_fd);
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    compressor_free(server->compressor);
    free(server);
}
