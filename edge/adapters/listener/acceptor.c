#define LOG_MODULE "acceptor"

#include "edge/adapters/listener/acceptor.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/listen_socket.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/fd_reserve.h"
#include "edge/http/request_head.h"

#define BACKLOG          4096
#define UNREAD_READS_MAX 16
#define ACCEPTS_A_TURN   256
#define ROOM_SHARE       64 // the part of all connections that makes room at one time
#define ROOM_MAX         16
#define ACCEPT_RETRY_MS  100
#define FILES_LOOK_MS    1000  // between two looks whether descriptors are to be had
#define COMPLAIN_MS      60000 // between two lines about a pause
#define SEND_BUFFER      (128 * 1024)
#define DEFER_SECONDS    1 // the kernel holds connections back until they say something

struct acceptor {
    struct event_loop *loop;
    struct listener_metrics *metrics;
    struct acceptor_handlers handlers;
    struct connections *connections;
    int fd;
    uint16_t port;
    bool listening;
    uv_poll_t poll;
    int open_handles; // freed with the last
    enum accept_pause paused;
    bool pause_logged;
    uint64_t complained_ms; // when a pause was logged last; 0: never
    struct fd_reserve reserve;
    struct deadline look; // again: soon while paused, else whether descriptors are to be had
    struct deadline_queue head_due, retry_due, files_due;
    struct list pending;
    char head[HTTP_HEAD_MAX];
};

// A connection whose head is not whole yet.
struct pending_connection {
    struct acceptor *acceptor;
    struct list entry;
    struct deadline deadline;
    uv_poll_t poll;
    int fd;
    struct key_count *counted;
    size_t seen; // bytes of its head, all still in the socket
    struct sockaddr_storage address;
    socklen_t address_len;
};

static void release_handle(struct acceptor *acceptor)
{
    if (--acceptor->open_handles > 0)
        return;
    free(acceptor);
}

static void on_acceptor_closed(uv_handle_t *handle)
{
    release_handle(container_of((uv_poll_t *)handle, struct acceptor, poll));
}

static void on_pending_closed(uv_handle_t *handle)
{
    struct pending_connection *pending =
        container_of((uv_poll_t *)handle, struct pending_connection, poll);

    release_handle(pending->acceptor);
    free(pending);
}

// The visitor leaves the door; its descriptor is the caller's now.
static int dismiss(struct pending_connection *pending)
{
    int fd = pending->fd;

    uv_poll_stop(&pending->poll);
    deadline_cancel(&pending->deadline);
    list_unlink(&pending->entry);
    uv_close((uv_handle_t *)&pending->poll, on_pending_closed);
    return fd;
}

static void close_connection(struct acceptor *acceptor, int fd, struct key_count *counted)
{
    connections_leave(acceptor->connections, counted);
    close(fd);
}

static void close_pending(struct pending_connection *pending)
{
    close_connection(pending->acceptor, dismiss(pending), pending->counted);
}

void acceptor_refuse(int fd, unsigned status, const char *reason, struct span json)
{
    char reply[512];
    char unread[4096];
    int len = snprintf(reply, sizeof(reply),
                       "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n" SPAN_FMT,
                       status, reason, json.len, SPAN_ARG(json));

    // What stays unread would turn the close into a reset that overtakes the reply. Who goes on
    // sending has to live with that.
    for (int i = 0; i < UNREAD_READS_MAX; i++)
        if (recv(fd, unread, sizeof(unread), MSG_DONTWAIT) != (ssize_t)sizeof(unread))
            break;
    if (len > 0 && send(fd, reply, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len)
        log_debug("reply to a refused connection was not taken status=%u", status);
    close(fd);
}

static void refuse_head(struct acceptor *acceptor, int fd, struct key_count *counted)
{
    metric_add(&acceptor->metrics->heads_refused, 1);
    connections_leave(acceptor->connections, counted);
    acceptor_refuse(fd, 431, "Request Header Fields Too Large",
                    SPAN_LIT("{\"message\":\"Request head too large\"}"));
}

// Empty lines before a request mean nothing (RFC 9112, 2.2). They are taken off the socket, so that
// the request begins where its server begins to read.
static struct span skip_empty_lines(int fd, struct span head)
{
    char taken[HTTP_HEAD_MAX];
    size_t n = 0;

    while (n < head.len && (head.ptr[n] == '\r' || head.ptr[n] == '\n'))
        n++;
    if (n > 0 && recv(fd, taken, n, MSG_DONTWAIT) < 0)
        log_debug("the connection went away before its request");
    return span_skip(head, n);
}

enum look { PEEK_CLOSED, PEEK_PARTIAL, PEEK_TOO_LARGE, PEEK_WHOLE };

static enum look peek_head(struct acceptor *acceptor, int fd, struct span *head)
{
    ssize_t n = recv(fd, acceptor->head, sizeof(acceptor->head), MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    else if (n <= 0)
        return PEEK_CLOSED;
    *head = skip_empty_lines(fd, (struct span){acceptor->head, (size_t)n});
    if (http_head_length(*head) > 0)
        return PEEK_WHOLE;
    return head->len == sizeof(acceptor->head) ? PEEK_TOO_LARGE : PEEK_PARTIAL;
}

// Level-triggered polling would spin on bytes that are only peeked at: the kernel is told to wake
// us only when there are more than we have seen.
static void wait_for_more_than(int fd, size_t seen)
{
    int low_water = (int)seen + 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof(low_water));
}

static void dispatch(struct pending_connection *pending, struct span head)
{
    struct acceptor *acceptor = pending->acceptor;
    struct sockaddr_storage address = pending->address;
    socklen_t address_len = pending->address_len;
    int fd = dismiss(pending);

    wait_for_more_than(fd, 0);
    acceptor->handlers.on_arrival(
        &(struct arrival){fd, (struct sockaddr *)&address, address_len, head, pending->counted},
        acceptor->handlers.arg);
}

static void on_pending_event(uv_poll_t *handle, int status, int events)
{
    struct pending_connection *pending = container_of(handle, struct pending_connection, poll);
    struct acceptor *acceptor = pending->acceptor;
    struct span head;

    switch (status < 0 ? PEEK_CLOSED : peek_head(acceptor, pending->fd, &head)) {
    case PEEK_WHOLE:
        dispatch(pending, head);
        break;
    case PEEK_TOO_LARGE:
        refuse_head(acceptor, dismiss(pending), pending->counted);
        break;
    case PEEK_PARTIAL:
        if (!(events & UV_DISCONNECT) && head.len > pending->seen) {
            pending->seen = head.len;
            wait_for_more_than(pending->fd, pending->seen);
            break;
        } // no more will come
        // fall through
    case PEEK_CLOSED:
        close_pending(pending);
        break;
    }
}

static void on_head_late(struct deadline *deadline, void *arg)
{
    struct acceptor *acceptor = arg;

    metric_add(&acceptor->metrics->head_timeouts, 1);
    close_pending(container_of(deadline, struct pending_connection, deadline));
}

static void wait_for_head(struct acceptor *acceptor, const struct arrival *arrival)
{
    struct pending_connection *pending = mem_zalloc(sizeof(*pending));

    if (uv_poll_init(&acceptor->loop->uv, &pending->poll, arrival->fd) != 0) {
        free(pending);
        close_connection(acceptor, arrival->fd, arrival->counted);
        return;
    }
    acceptor->open_handles++;
    pending->acceptor = acceptor;
    pending->fd = arrival->fd;
    pending->counted = arrival->counted;
    pending->seen = arrival->head.len;
    memcpy(&pending->address, arrival->address, arrival->address_len);
    pending->address_len = arrival->address_len;
    list_append(&acceptor->pending, &pending->entry);
    deadline_init(&pending->deadline);
    deadline_arm(&pending->deadline, &acceptor->head_due);
    wait_for_more_than(pending->fd, pending->seen);
    uv_poll_start(&pending->poll, UV_READABLE | UV_DISCONNECT, on_pending_event);
}

static void tune_socket(int fd)
{
    int on = 1, send_buffer = SEND_BUFFER;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
}

// An address that has as many connections as it may gives up one that does nothing, or gets no
// more.
static bool is_one_too_many(struct acceptor *acceptor, const struct arrival *arrival)
{
    if (!connections_are_too_many(acceptor->connections, arrival->counted))
        return false;
    size_t made = acceptor->handlers.make_room(1, arrival->counted, acceptor->handlers.arg);
    metric_add(&acceptor->metrics->evicted, made);
    return made == 0;
}

static void refuse_address(struct acceptor *acceptor, const struct arrival *arrival)
{
    metric_add(&acceptor->metrics->refused_address, 1);
    connections_leave(acceptor->connections, arrival->counted);
    acceptor_refuse(arrival->fd, 429, "Too Many Requests",
                    SPAN_LIT("{\"message\":\"Too many connections from this address\"}"));
}

// Mostly the head is there already, because the kernel defers connections that say nothing.
static void receive(struct acceptor *acceptor, struct arrival *arrival)
{
    metric_add(&acceptor->metrics->accepted, 1);
    arrival->counted = connections_enter(acceptor->connections, arrival->address);
    if (is_one_too_many(acceptor, arrival)) {
        refuse_address(acceptor, arrival);
        return;
    }
    switch (peek_head(acceptor, arrival->fd, &arrival->head)) {
    case PEEK_WHOLE:
        acceptor->handlers.on_arrival(arrival, acceptor->handlers.arg);
        break;
    case PEEK_TOO_LARGE:
        refuse_head(acceptor, arrival->fd, arrival->counted);
        break;
    case PEEK_PARTIAL:
        wait_for_head(acceptor, arrival);
        break;
    case PEEK_CLOSED:
        close_connection(acceptor, arrival->fd, arrival->counted);
        break;
    }
}

// Of pauses that come and go in quick succession one is told.
static void log_pause(struct acceptor *acceptor, enum accept_pause why)
{
    static const char *const reasons[] = {
        [ACCEPT_FULL] = "as many connections as allowed are open; raise MAX_CONNECTIONS and the "
                        "limit of open files (ulimit -n), or run more edges",
        [ACCEPT_NO_FILES] = "out of file descriptors; raise the limit of open files (ulimit -n)",
        [ACCEPT_NO_MEMORY] = "out of memory for sockets; give the machine more, or run more edges",
    };
    uint64_t now_ms = deadlines_now(&acceptor->loop->deadlines);

    if (why == ACCEPT_GOES_ON) {
        if (acceptor->pause_logged)
            log_info("accepting goes on");
        acceptor->pause_logged = false;
        return;
    }
    if (acceptor->complained_ms != 0 && now_ms - acceptor->complained_ms < COMPLAIN_MS)
        return;
    log_warn("accepting pauses reason=\"%s\"", reasons[why]);
    acceptor->complained_ms = now_ms;
    acceptor->pause_logged = true;
}

static void set_pause(struct acceptor *acceptor, enum accept_pause why)
{
    if (why == ACCEPT_NO_FILES)
        fd_reserve_release(&acceptor->reserve);
    if (acceptor->paused == why)
        return;
    metric_set(&acceptor->metrics->accept_paused[acceptor->paused], 0);
    metric_set(&acceptor->metrics->accept_paused[why], 1);
    metric_add(&acceptor->metrics->accept_pauses[why], 1);
    acceptor->paused = why;
    log_pause(acceptor, why);
}

static enum accept_pause pause_for(int cause)
{
    switch (cause) {
    case EMFILE:
    case ENFILE:
        return ACCEPT_NO_FILES;
    case ENOBUFS:
    case ENOMEM:
        return ACCEPT_NO_MEMORY;
    default:
        return ACCEPT_GOES_ON; // nobody waits, or who waited has gone
    }
}

static bool somebody_waits(const struct acceptor *acceptor)
{
    struct pollfd listener = {.fd = acceptor->fd, .events = POLLIN};

    return poll(&listener, 1, 0) > 0;
}

static size_t dismiss_oldest(struct acceptor *acceptor, size_t count)
{
    size_t dismissed = 0;

    while (dismissed < count && !list_empty(&acceptor->pending)) {
        close_pending(list_entry(acceptor->pending.next, struct pending_connection, entry));
        dismissed++;
    }
    return dismissed;
}

// Of those that do nothing, and else of those whose head is not whole yet, the oldest go. Few at
// one time: a client that comes back costs more than one that stays.
static bool make_room(struct acceptor *acceptor)
{
    size_t few = acceptor->connections->max / ROOM_SHARE, count = few < ROOM_MAX ? few : ROOM_MAX;
    size_t made = acceptor->handlers.make_room(count > 0 ? count : 1, NULL, acceptor->handlers.arg);

    if (made == 0)
        made = dismiss_oldest(acceptor, 1);
    metric_add(&acceptor->metrics->evicted, made);
    return made > 0;
}

static enum accept_pause accept_waiting(struct acceptor *acceptor)
{
    for (int i = 0; i < ACCEPTS_A_TURN && acceptor->listening; i++) {
        struct sockaddr_storage address;
        struct arrival arrival = {.address = (struct sockaddr *)&address,
                                  .address_len = sizeof(address)};
        if (connections_are_full(
                acceptor->connections)) // a place that was made is free in the next turn
            return somebody_waits(acceptor) && make_room(acceptor) ? ACCEPT_GOES_ON : ACCEPT_FULL;
        arrival.fd = accept4(acceptor->fd, (struct sockaddr *)&address, &arrival.address_len,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (arrival.fd < 0)
            return pause_for(errno);
        receive(acceptor, &arrival);
    }
    return ACCEPT_GOES_ON;
}

static void pause_accepting(struct acceptor *acceptor, enum accept_pause why)
{
    set_pause(acceptor, why);
    uv_poll_stop(&acceptor->poll);
    deadline_arm(&acceptor->look, &acceptor->retry_due);
}

static void on_connections(uv_poll_t *handle, int status, int events)
{
    struct acceptor *acceptor = container_of(handle, struct acceptor, poll);
    enum accept_pause why = accept_waiting(acceptor);

    (void)status;
    (void)events;
    if (acceptor->listening && why != ACCEPT_GOES_ON)
        pause_accepting(acceptor, why);
}

// Descriptors may run out without anybody at the door, and Redis then wants those in reserve.
static void on_look(struct deadline *look, void *arg)
{
    struct acceptor *acceptor = arg;
    enum accept_pause why =
        fd_reserve_take(&acceptor->reserve) ? accept_waiting(acceptor) : pause_for(errno);

    if (!acceptor->listening)
        return;
    if (why != ACCEPT_GOES_ON) {
        pause_accepting(acceptor, why);
        return;
    }
    set_pause(acceptor, ACCEPT_GOES_ON);
    uv_poll_start(&acceptor->poll, UV_READABLE, on_connections);
    deadline_arm(look, &acceptor->files_due);
}

static void tune_listener(int fd)
{
    int defer = DEFER_SECONDS;

    // Buffers of a listener are those that its connections begin with.
    tune_socket(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
}

static int listen_for_clients(const struct listener_options *options)
{
    int fd = listen_socket_open(&(struct listen_socket_options){
        .host = options->host,
        .port = options->port,
        .backlog = BACKLOG,
        .shared = options->share_port,
        .tune = tune_listener,
        .what = "the client port",
        .port_setting = "PORT",
        .share_setting = "SHARE_PORT",
        .host_setting = "SERVICE_HOST",
    });

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &options->unacked_ms,
                   sizeof(options->unacked_ms));
    return fd;
}

struct acceptor *acceptor_new(const struct listener_options *options, struct event_loop *loop,
                              struct connections *connections,
                              const struct acceptor_handlers *handlers)
{
    int fd = listen_for_clients(options);
    struct acceptor *acceptor;

    if (fd < 0)
        return NULL;
    acceptor = mem_zalloc(sizeof(*acceptor));
    acceptor->loop = loop;
    acceptor->metrics = connections->metrics;
    acceptor->connections = connections;
    acceptor->handlers = *handlers;
    acceptor->fd = fd;
    acceptor->port = listen_socket_port(fd);
    acceptor->listening = true;
    acceptor->open_handles = 1;
    list_init(&acceptor->pending);
    deadline_init(&acceptor->look);
    fd_reserve_init(&acceptor->reserve, options->fd_reserve);
    deadline_queue_init(&acceptor->head_due, &loop->deadlines, options->head_timeout_ms,
                        on_head_late, acceptor);
    deadline_queue_init(&acceptor->retry_due, &loop->deadlines, ACCEPT_RETRY_MS, on_look, acceptor);
    deadline_queue_init(&acceptor->files_due, &loop->deadlines, FILES_LOOK_MS, on_look, acceptor);
    int rc = uv_poll_init(&loop->uv, &acceptor->poll, fd);
    assert(rc == 0);
    (void)rc;
    uv_poll_start(&acceptor->poll, UV_READABLE, on_connections);
    deadline_arm(&acceptor->look, &acceptor->retry_due);
    log_info("listening host=%s port=%u", options->host, acceptor->port);
    return acceptor;
}

uint16_t acceptor_port(const struct acceptor *acceptor)
{
    return acceptor->port;
}

void acceptor_stop(struct acceptor *acceptor)
{
    if (!acceptor->listening)
        return;
    acceptor->listening = false;
    deadline_cancel(&acceptor->look);
    uv_poll_stop(&acceptor->poll);
    close(acceptor->fd);
    fd_reserve_release(&acceptor->reserve);
}

void acceptor_close(struct acceptor *acceptor)
{
    acceptor_stop(acceptor);
    list_for_each (entry, &acceptor->pending)
        close_pending(list_entry(entry, struct pending_connection, entry));
    deadline_queue_fini(&acceptor->head_due);
    deadline_queue_fini(&acceptor->retry_due);
    deadline_queue_fini(&acceptor->files_due);
    uv_close((uv_handle_t *)&acceptor->poll, on_acceptor_closed);
}
