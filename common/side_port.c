#include "common/side_port.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/thread.h"

#define ACCEPTS_A_TURN    32
#define IDLE_SECONDS      5
#define TICK_MS           1000
#define RETRY_MS          100 // after descriptors ran out
#define CONNECTION_MEMORY ((size_t)16 * 1024)
#define FLUSH_TURNS       4
#define BODY_RESERVE      ((size_t)64 * 1024) // for a body before it has come

struct side_port {
    struct side_port_options options;
    struct MHD_Daemon *daemon;
    struct list connections; // the oldest first
    unsigned open_count, held_count;
    uint64_t tick_ms;
    pthread_mutex_t lock;
    struct list answered; // requests that other threads have answered; under `lock`
    bool stopping;        // under `lock`
    int wake;             // eventfd: readable when there is one of them
    pthread_t thread;
};

struct side_connection {
    struct list entry;
    struct MHD_Connection *library;
    int fd;
    bool trusted, held; // held: a request is at work
    uint64_t since_ms;  // when it came, or its last request was answered
    struct side_request *request;
};

struct side_request {
    struct side_port *port;
    struct side_connection *connection;
    struct list entry; // in `answered`
    char *target;      // as it came
    const char *method;
    bool begun, is_answered;
    unsigned mark;
    struct buffer body;
    unsigned status;
    const char *type;
    struct side_header extra;
    struct buffer answer;
};

// ---- what a handler sees

const char *side_request_method(const struct side_request *request)
{
    return request->method;
}

struct span side_request_path(const struct side_request *request)
{
    return (struct span){request->target, strcspn(request->target, "?")};
}

const char *side_request_header(const struct side_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection->library, MHD_HEADER_KIND, name);
}

struct lengths {
    unsigned count;
    const char *last;
};

static enum MHD_Result count_length(void *arg, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct lengths *lengths = arg;

    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        lengths->count++;
        lengths->last = value;
    }
    return MHD_YES;
}

enum side_framing side_request_framing(const struct side_request *request, uint64_t *length)
{
    struct lengths lengths = {0};

    *length = 0;
    MHD_get_connection_values(request->connection->library, MHD_HEADER_KIND, count_length,
                              &lengths);
    if (side_request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return lengths.count > 0 ? SIDE_LENGTH_UNCLEAR : SIDE_LENGTH_UNKNOWN;
    if (lengths.count == 0)
        return SIDE_LENGTH_KNOWN;
    struct span digits = span_of(lengths.last);
    bool is_number = span_take_uint(&digits, INT64_MAX, length) && digits.len == 0;
    return lengths.count == 1 && is_number ? SIDE_LENGTH_KNOWN : SIDE_LENGTH_UNCLEAR;
}

struct span side_request_body(const struct side_request *request)
{
    return buffer_span(&request->body);
}

void side_request_trust(struct side_request *request)
{
    request->connection->trusted = true;
}

unsigned *side_request_mark(struct side_request *request)
{
    return &request->mark;
}

void side_request_answer(struct side_request *request, const struct side_answer *answer)
{
    struct side_port *port = request->port;
    uint64_t one = 1;

    assert(!request->is_answered);
    request->status = answer->status;
    request->type = answer->type;
    request->extra = answer->extra;
    buffer_append(&request->answer, answer->body);
    pthread_mutex_lock(&port->lock);
    request->is_answered = true;
    list_append(&port->answered, &request->entry);
    pthread_mutex_unlock(&port->lock);
    // Fails only if the counter is full, and then the thread wakes up anyway.
    if (write(port->wake, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

// ---- requests

static enum MHD_Result send_answer(struct side_request *request)
{
    struct side_port *port = request->port;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        request->answer.len, request->answer.ptr, MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    if (port->options.on_answer)
        port->options.on_answer(request, request->status, port->options.arg);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (request->extra.name)
        MHD_add_response_header(response, request->extra.name, request->extra.value);
    enum MHD_Result queued =
        MHD_queue_response(request->connection->library, request->status, response);
    MHD_destroy_response(response);
    return queued;
}

// True if the handler has answered; the answer is taken off the list then.
static bool take_own_answer(struct side_request *request)
{
    pthread_mutex_lock(&request->port->lock);
    bool answered = request->is_answered;
    if (answered)
        list_unlink(&request->entry);
    pthread_mutex_unlock(&request->port->lock);
    return answered;
}

// Another thread may have answered in the meantime; its answer is sent in this turn all the same.
static enum MHD_Result hand_over(struct side_request *request)
{
    struct side_port *port = request->port;

    request->connection->held = true;
    port->held_count++;
    port->options.on_whole(request, port->options.arg);
    MHD_suspend_connection(request->connection->library);
    return MHD_YES;
}

static enum MHD_Result begin(struct side_request *request, const char *method)
{
    struct side_port *port = request->port;

    request->begun = true;
    request->method = method;
    port->options.on_head(request, port->options.arg);
    if (take_own_answer(request))
        return send_answer(request);
    return port->options.on_whole ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_body(struct side_request *request, struct span piece)
{
    if (piece.len > request->port->options.body_max - request->body.len)
        return MHD_NO;
    if (!request->body.ptr)
        buffer_reserve(&request->body, piece.len < BODY_RESERVE ? piece.len : BODY_RESERVE);
    buffer_append(&request->body, piece);
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *library, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    struct side_request *request = *context;
    struct span piece = {upload, *upload_size};

    (void)arg, (void)library, (void)url, (void)version;
    if (!request->begun)
        return begin(request, method);
    if (request->is_answered)
        return MHD_NO;
    *upload_size = 0;
    return piece.len > 0 ? take_body(request, piece) : hand_over(request);
}

static void free_request(struct side_request *request)
{
    if (!request)
        return;
    request->connection->request = NULL;
    request->connection->since_ms = clock_monotonic_ms();
    buffer_fini(&request->body);
    buffer_fini(&request->answer);
    free(request->target);
    free(request);
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *library)
{
    struct side_request *request = mem_zalloc(sizeof(*request));

    request->port = arg;
    request->connection =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    request->target = span_dup(span_of(target));
    free_request(request->connection->request);
    request->connection->request = request;
    return request;
}

static void on_completed(void *arg, struct MHD_Connection *library, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg, (void)library, (void)code;
    free_request(*context);
    *context = NULL;
}

static struct side_request *next_answered(struct side_port *port)
{
    struct side_request *request = NULL;

    pthread_mutex_lock(&port->lock);
    if (!list_empty(&port->answered)) {
        request = list_entry(port->answered.next, struct side_request, entry);
        list_unlink(&request->entry);
    }
    pthread_mutex_unlock(&port->lock);
    return request;
}

// The client may be gone: the library finds that out when it writes.
static void send_answers(struct side_port *port)
{
    struct side_request *request;
    bool sent = false;

    while ((request = next_answered(port))) {
        request->connection->held = false;
        port->held_count--;
        sent = true;
        if (send_answer(request) != MHD_YES)
            shutdown(request->connection->fd, SHUT_RDWR);
        MHD_resume_connection(request->connection->library);
    }
    if (sent)
        MHD_run(port->daemon);
}

// ---- connections

static void on_library_connection(void *arg, struct MHD_Connection *library, void **context,
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
    free_request(connection->request); // of which the library has not read all headers
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

static bool accept_waiting(struct side_port *port)
{
    bool accepted = true;

    for (int i = 0; i < ACCEPTS_A_TURN && accepted; i++)
        if (!accept_one(port, &accepted))
            return false;
    return true;
}

// The library's own limit is of inactivity, and a byte now and then is activity.
static void end_late(struct side_port *port, uint64_t now_ms)
{
    list_for_each (node, &port->connections) {
        struct side_connection *connection = list_entry(node, struct side_connection, entry);
        if (!connection->held && now_ms > connection->since_ms + SIDE_REQUEST_MS)
            shutdown(connection->fd, SHUT_RDWR);
    }
}

// ---- the thread

static bool is_ticking(const struct side_port *port)
{
    return port->options.on_second || port->open_count > 0;
}

static int wait_ms(const struct side_port *port, bool may_accept)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    int most = !may_accept ? RETRY_MS : is_ticking(port) ? TICK_MS : -1;

    if (MHD_get_timeout(port->daemon, &wanted) != MHD_YES)
        return most;
    return most >= 0 && wanted > (unsigned)most ? most : (int)wanted;
}

static void tick(struct side_port *port)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms < port->tick_ms + TICK_MS)
        return;
    port->tick_ms = now_ms;
    end_late(port, now_ms);
    if (port->options.on_second)
        port->options.on_second(port->options.arg);
}

static bool is_stopping(struct side_port *port)
{
    pthread_mutex_lock(&port->lock);
    bool stopping = port->stopping;
    pthread_mutex_unlock(&port->lock);
    return stopping;
}

static void clear_wake(const struct side_port *port)
{
    uint64_t count;

    if (read(port->wake, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
}

// While descriptors are used up, the listener stays readable. It is not polled for a while then.
static void *serve(void *arg)
{
    struct side_port *port = arg;
    int library = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    bool may_accept = true;

    while (!is_stopping(port)) {
        struct pollfd waits[] = {
            {.fd = port->wake, .events = POLLIN},
            {.fd = library, .events = POLLIN},
            {.fd = may_accept ? port->options.listener : -1, .events = POLLIN},
        };
        if (poll(waits, ARRAY_LEN(waits), wait_ms(port, may_accept)) < 0 && errno != EINTR)
            return NULL;
        clear_wake(port);
        MHD_run(port->daemon);
        may_accept = accept_waiting(port);
        send_answers(port);
        tick(port);
    }
    return NULL;
}

static struct MHD_Daemon *start_daemon(struct side_port *port)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
                            NULL, NULL, on_request, port,                                   //
                            MHD_OPTION_CONNECTION_LIMIT, 2 * port->options.connections_max, //
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,          //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,          //
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, port,                   //
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, port,                //
                            MHD_OPTION_NOTIFY_CONNECTION, on_library_connection, port,
                            MHD_OPTION_END);
}

static void free_parts(struct side_port *port)
{
    if (port->daemon)
        MHD_stop_daemon(port->daemon);
    if (port->wake >= 0)
        close(port->wake);
    close(port->options.listener);
    pthread_mutex_destroy(&port->lock);
    free(port);
}

struct side_port *side_port_new(const struct side_port_options *options)
{
    struct side_port *port = mem_zalloc(sizeof(*port));

    port->options = *options;
    pthread_mutex_init(&port->lock, NULL);
    list_init(&port->connections);
    list_init(&port->answered);
    port->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    port->daemon = port->wake < 0 ? NULL : start_daemon(port);
    if (port->daemon && thread_start(&port->thread, serve, port))
        return port;
    free_parts(port);
    return NULL;
}

void side_port_free(struct side_port *port)
{
    uint64_t one = 1;

    if (!port)
        return;
    pthread_mutex_lock(&port->lock);
    port->stopping = true;
    pthread_mutex_unlock(&port->lock);
    if (write(port->wake, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
    pthread_join(port->thread, NULL);
    send_answers(port);
    assert(port->held_count == 0); // the library aborts if one is suspended
    for (int i = 0; i < FLUSH_TURNS; i++)
        MHD_run(port->daemon);
    free_parts(port);
}
