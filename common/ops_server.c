#define LOG_MODULE "ops"

#include "common/ops_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/list.h"
#include "common/listen_socket.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/process_metrics.h"

#define CONNECTIONS_MAX   32
#define BACKLOG           1024
#define ACCEPTS_A_TURN    32
#define TIMEOUT_SECONDS   5
#define RETRY_MS          100 // after descriptors ran out
#define CONNECTION_MEMORY ((size_t)16 * 1024)

struct ops_server {
    struct MHD_Daemon *daemon;
    struct ops_probes probes;
    struct list connections; // the oldest first
    unsigned open_count;
    metric evicted;
    uint64_t started_ms;
    uint16_t port;
    int listener;
    int stop; // eventfd: readable when the thread must end
    pthread_t thread;
};

struct ops_connection {
    struct list entry;
    int fd;
};

static const struct metric_info metric_table[] = {
    {"ws_ops_connections_evicted_total", NULL, METRIC_COUNTER, offsetof(struct ops_server, evicted),
     "Connections to the operations port that were closed for newer ones"},
};

// ---- answers

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              struct span body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, (void *)body.ptr, MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *text)
{
    return answer(connection, status, "text/plain; charset=utf-8", span_of(text));
}

static enum MHD_Result answer_probe(struct MHD_Connection *connection, const char *why_not,
                                    const char *well)
{
    return answer_text(connection, why_not ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
                       why_not ? why_not : well);
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection,
                                      const struct ops_server *server)
{
    struct buffer text = {0};

    server->probes.metrics(server->probes.arg, &text);
    process_metrics_print(server->started_ms, &text);
    metrics_print(metric_table, ARRAY_LEN(metric_table), server, &text);
    enum MHD_Result queued = answer(connection, MHD_HTTP_OK,
                                    "text/plain; version=0.0.4; charset=utf-8", buffer_span(&text));
    buffer_fini(&text);
    return queued;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **seen)
{
    const struct ops_server *server = arg;
    const struct ops_probes *probes = &server->probes;

    (void)version, (void)upload, (void)upload_size, (void)seen;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    if (strcmp(url, "/live") == 0)
        return answer_probe(connection, probes->live(probes->arg), "ok");
    if (strcmp(url, "/ready") == 0)
        return answer_probe(connection, probes->ready(probes->arg),
                            probes->role ? probes->role(probes->arg) : "ok");
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(connection, server);
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "there are /live, /ready and /metrics");
}

// ---- connections
//
// There are few places, and a new connection always gets one. A client that holds them with request
// heads that never end only gets its oldest closed. A complete request is answered in the turn in
// which its connection is accepted, so it needs no place after that.

static void on_library_connection(void *arg, struct MHD_Connection *library, void **context,
                                  enum MHD_ConnectionNotificationCode code)
{
    struct ops_server *server = arg;
    struct ops_connection *connection = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection = mem_zalloc(sizeof(*connection));
        connection->fd =
            MHD_get_connection_info(library, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        list_append(&server->connections, &connection->entry);
        server->open_count++;
        *context = connection;
        return;
    }
    list_unlink(&connection->entry);
    server->open_count--;
    free(connection);
    *context = NULL;
}

// Shuts the oldest connection down, so that the library closes it. Returns false if none was
// closed.
static bool evict_oldest(struct ops_server *server)
{
    unsigned before = server->open_count;

    if (list_empty(&server->connections))
        return false;
    shutdown(list_entry(server->connections.next, struct ops_connection, entry)->fd, SHUT_RDWR);
    metric_add(&server->evicted, 1);
    for (int i = 0; i < 2 && server->open_count == before; i++)
        MHD_run(server->daemon);
    return server->open_count < before;
}

// Returns false if descriptors are used up and no connection could be closed to get one.
static bool accept_one(struct ops_server *server, bool *accepted)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd =
        accept4(server->listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    *accepted = fd >= 0;
    if (fd < 0)
        return (errno != EMFILE && errno != ENFILE) || evict_oldest(server);
    while (server->open_count >= CONNECTIONS_MAX && evict_oldest(server))
        ;
    // On failure the library has closed the descriptor.
    if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, len) == MHD_YES)
        MHD_run(server->daemon);
    return true;
}

static bool accept_waiting(struct ops_server *server)
{
    bool accepted = true;

    for (int i = 0; i < ACCEPTS_A_TURN && accepted; i++)
        if (!accept_one(server, &accepted))
            return false;
    return true;
}

// ---- the thread

static int wait_ms(const struct ops_server *server, bool may_accept)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    int retry = may_accept ? -1 : RETRY_MS;

    if (MHD_get_timeout(server->daemon, &wanted) != MHD_YES)
        return retry;
    return retry >= 0 && wanted > RETRY_MS ? RETRY_MS : (int)wanted;
}

// While descriptors are used up, the listener stays readable. It is not polled for a while then.
static void *serve(void *arg)
{
    struct ops_server *server = arg;
    int library = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    bool may_accept = true;

    for (;;) {
        struct pollfd waits[] = {
            {.fd = server->stop, .events = POLLIN},
            {.fd = library, .events = POLLIN},
            {.fd = may_accept ? server->listener : -1, .events = POLLIN},
        };
        if (poll(waits, ARRAY_LEN(waits), wait_ms(server, may_accept)) < 0 && errno != EINTR)
            return NULL;
        if (waits[0].revents)
            return NULL;
        MHD_run(server->daemon);
        may_accept = accept_waiting(server);
    }
}

static struct MHD_Daemon *start_daemon(struct ops_server *server)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request,
                            server, MHD_OPTION_CONNECTION_LIMIT, 2 * (unsigned)CONNECTIONS_MAX, //
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,           //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,              //
                            MHD_OPTION_NOTIFY_CONNECTION, on_library_connection, server,
                            MHD_OPTION_END);
}

// Blocks all signals for this thread: they must wake the program's own thread.
static bool start_thread(struct ops_server *server)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&server->thread, NULL, serve, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static bool start(struct ops_server *server)
{
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->daemon = server->stop < 0 ? NULL : start_daemon(server);
    return server->daemon && start_thread(server);
}

static void free_parts(struct ops_server *server)
{
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    if (server->stop >= 0)
        close(server->stop);
    close(server->listener);
    free(server);
}

struct ops_server *ops_server_new(const char *host, uint16_t port, const struct ops_probes *probes)
{
    int listener = listen_socket_open(&(struct listen_socket_options){
        .host = host,
        .port = port,
        .backlog = BACKLOG,
        .what = "the operations port",
        .port_setting = "OPS_PORT",
        .host_setting = "SERVICE_HOST",
    });

    if (listener < 0)
        return NULL;

    struct ops_server *server = mem_zalloc(sizeof(*server));
    server->probes = *probes;
    server->started_ms = clock_wall_ms();
    server->listener = listener;
    server->port = listen_socket_port(listener);
    list_init(&server->connections);
    if (!start(server)) {
        log_error("cannot start the thread of the operations port remedy=%s",
                  "raise the limits of threads and open files (ulimit -u, ulimit -n)");
        free_parts(server);
        return NULL;
    }
    log_info("operations port open host=%s port=%u", host, server->port);
    return server;
}

uint16_t ops_server_port(const struct ops_server *server)
{
    return server->port;
}

void ops_server_free(struct ops_server *server)
{
    uint64_t one = 1;

    if (!server)
        return;
    if (write(server->stop, &one, sizeof(one)) == sizeof(one))
        pthread_join(server->thread, NULL);
    free_parts(server);
}
