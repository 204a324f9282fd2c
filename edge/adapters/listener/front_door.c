#define LOG_MODULE "front_door"

#include "edge/adapters/listener/front_door.h"

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
#include "edge/adapters/listener/spare_files.h"
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

struct front_door {
    struct event_loop *loop;
    struct client_port_metrics *metrics;
    struct front_door_handlers handlers;
    struct connections *connections;
    int fd;
    uint16_t port;
    bool listening;
    uv_poll_t poll;
    int open_handles; // freed with the last
    enum accept_pause paused;
    bool pause_logged;
    uint64_t complained_ms; // when a pause was logged last; 0: never
    struct spare_files spare;
    struct deadline look; // again: soon while paused, else whether descriptors are to be had
    struct deadline_queue head_due, retry_due, files_due;
    struct list visitors;
    char head[HTTP_HEAD_MAX];
};

// A connection whose head is not whole yet.
struct visitor {
    struct front_door *door;
    struct list entry;
    struct deadline deadline;
    uv_poll_t poll;
    int fd;
    struct tally_entry *counted;
    size_t seen; // bytes of its head, all still in the socket
    struct sockaddr_storage address;
    socklen_t address_len;
};

static void release_handle(struct front_door *door)
{
    if (--door->open_handles > 0)
        return;
    free(door);
}

static void on_door_closed(uv_handle_t *handle)
{
    release_handle(container_of((uv_poll_t *)handle, struct front_door, poll));
}

static void on_visitor_closed(uv_handle_t *handle)
{
    struct visitor *visitor = container_of((uv_poll_t *)handle, struct visitor, poll);

    release_handle(visitor->door);
    free(visitor);
}

// The visitor leaves the door; its descriptor is the caller's now.
static int dismiss(struct visitor *visitor)
{
    int fd = visitor->fd;

    uv_poll_stop(&visitor->poll);
    deadline_cancel(&visitor->deadline);
    list_unlink(&visitor->entry);
    uv_close((uv_handle_t *)&visitor->poll, on_visitor_closed);
    return fd;
}

static void close_connection(struct front_door *door, int fd, struct tally_entry *counted)
{
    connections_leave(door->connections, counted);
    close(fd);
}

static void close_visitor(struct visitor *visitor)
{
    close_connection(visitor->door, dismiss(visitor), visitor->counted);
}

void front_door_turn_away(int fd, unsigned status, const char *reason, struct span json)
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

static void refuse_head(struct front_door *door, int fd, struct tally_entry *counted)
{
    metric_add(&door->metrics->heads_refused, 1);
    connections_leave(door->connections, counted);
    front_door_turn_away(fd, 431, "Request Header Fields Too Large",
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

enum look { LOOK_GONE, LOOK_PARTIAL, LOOK_TOO_LARGE, LOOK_WHOLE };

static enum look look_at(struct front_door *door, int fd, struct span *head)
{
    ssize_t n = recv(fd, door->head, sizeof(door->head), MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    else if (n <= 0)
        return LOOK_GONE;
    *head = skip_empty_lines(fd, (struct span){door->head, (size_t)n});
    if (http_head_length(*head) > 0)
        return LOOK_WHOLE;
    return head->len == sizeof(door->head) ? LOOK_TOO_LARGE : LOOK_PARTIAL;
}

// Level-triggered polling would spin on bytes that are only peeked at: the kernel is told to wake
// us only when there are more than we have seen.
static void wait_for_more_than(int fd, size_t seen)
{
    int low_water = (int)seen + 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof(low_water));
}

static void admit(struct visitor *visitor, struct span head)
{
    struct front_door *door = visitor->door;
    struct sockaddr_storage address = visitor->address;
    socklen_t address_len = visitor->address_len;
    int fd = dismiss(visitor);

    wait_for_more_than(fd, 0);
    door->handlers.on_arrival(
        &(struct arrival){fd, (struct sockaddr *)&address, address_len, head, visitor->counted},
        door->handlers.arg);
}

static void on_visitor_event(uv_poll_t *handle, int status, int events)
{
    struct visitor *visitor = container_of(handle, struct visitor, poll);
    struct front_door *door = visitor->door;
    struct span head;

    switch (status < 0 ? LOOK_GONE : look_at(door, visitor->fd, &head)) {
    case LOOK_WHOLE:
        admit(visitor, head);
        break;
    case LOOK_TOO_LARGE:
        refuse_head(door, dismiss(visitor), visitor->counted);
        break;
    case LOOK_PARTIAL:
        if (!(events & UV_DISCONNECT) && head.len > visitor->seen) {
            visitor->seen = head.len;
            wait_for_more_than(visitor->fd, visitor->seen);
            break;
        } // no more will come
        // fall through
    case LOOK_GONE:
        close_visitor(visitor);
        break;
    }
}

static void on_head_late(struct deadline *deadline, void *arg)
{
    struct front_door *door = arg;

    metric_add(&door->metrics->head_timeouts, 1);
    close_visitor(container_of(deadline, struct visitor, deadline));
}

static void let_wait(struct front_door *door, const struct arrival *arrival)
{
    struct visitor *visitor = mem_zalloc(sizeof(*visitor));

    if (uv_poll_init(&door->loop->uv, &visitor->poll, arrival->fd) != 0) {
        free(visitor);
        close_connection(door, arrival->fd, arrival->counted);
        return;
    }
    door->open_handles++;
    visitor->door = door;
    visitor->fd = arrival->fd;
    visitor->counted = arrival->counted;
    visitor->seen = arrival->head.len;
    memcpy(&visitor->address, arrival->address, arrival->address_len);
    visitor->address_len = arrival->address_len;
    list_append(&door->visitors, &visitor->entry);
    deadline_init(&visitor->deadline);
    deadline_arm(&visitor->deadline, &door->head_due);
    wait_for_more_than(visitor->fd, visitor->seen);
    uv_poll_start(&visitor->poll, UV_READABLE | UV_DISCONNECT, on_visitor_event);
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
static bool is_one_too_many(struct front_door *door, const struct arrival *arrival)
{
    if (!connections_are_too_many(door->connections, arrival->counted))
        return false;
    size_t made = door->handlers.make_room(1, arrival->counted, door->handlers.arg);
    metric_add(&door->metrics->evicted, made);
    return made == 0;
}

static void refuse_address(struct front_door *door, const struct arrival *arrival)
{
    metric_add(&door->metrics->refused_address, 1);
    connections_leave(door->connections, arrival->counted);
    front_door_turn_away(arrival->fd, 429, "Too Many Requests",
                         SPAN_LIT("{\"message\":\"Too many connections from this address\"}"));
}

// Mostly the head is there already, because the kernel defers connections that say nothing.
static void receive(struct front_door *door, struct arrival *arrival)
{
    metric_add(&door->metrics->accepted, 1);
    arrival->counted = connections_enter(door->connections, arrival->address);
    if (is_one_too_many(door, arrival)) {
        refuse_address(door, arrival);
        return;
    }
    switch (look_at(door, arrival->fd, &arrival->head)) {
    case LOOK_WHOLE:
        door->handlers.on_arrival(arrival, door->handlers.arg);
        break;
    case LOOK_TOO_LARGE:
        refuse_head(door, arrival->fd, arrival->counted);
        break;
    case LOOK_PARTIAL:
        let_wait(door, arrival);
        break;
    case LOOK_GONE:
        close_connection(door, arrival->fd, arrival->counted);
        break;
    }
}

// Of pauses that come and go in quick succession one is told.
static void log_pause(struct front_door *door, enum accept_pause why)
{
    static const char *const reasons[] = {
        [ACCEPT_FULL] = "as many connections as allowed are open; raise MAX_CONNECTIONS and the "
                        "limit of open files (ulimit -n), or run more edges",
        [ACCEPT_NO_FILES] = "out of file descriptors; raise the limit of open files (ulimit -n)",
        [ACCEPT_NO_MEMORY] = "out of memory for sockets; give the machine more, or run more edges",
    };
    uint64_t now_ms = deadlines_now(&door->loop->deadlines);

    if (why == ACCEPT_GOES_ON) {
        if (door->pause_logged)
            log_info("accepting goes on");
        door->pause_logged = false;
        return;
    }
    if (door->complained_ms != 0 && now_ms - door->complained_ms < COMPLAIN_MS)
        return;
    log_warn("accepting pauses reason=\"%s\"", reasons[why]);
    door->complained_ms = now_ms;
    door->pause_logged = true;
}

static void set_pause(struct front_door *door, enum accept_pause why)
{
    if (why == ACCEPT_NO_FILES)
        spare_files_release(&door->spare);
    if (door->paused == why)
        return;
    metric_set(&door->metrics->accept_paused[door->paused], 0);
    metric_set(&door->metrics->accept_paused[why], 1);
    metric_add(&door->metrics->accept_pauses[why], 1);
    door->paused = why;
    log_pause(door, why);
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

static bool somebody_waits(const struct front_door *door)
{
    struct pollfd listener = {.fd = door->fd, .events = POLLIN};

    return poll(&listener, 1, 0) > 0;
}

static size_t dismiss_oldest(struct front_door *door, size_t count)
{
    size_t dismissed = 0;

    while (dismissed < count && !list_empty(&door->visitors)) {
        close_visitor(list_entry(door->visitors.next, struct visitor, entry));
        dismissed++;
    }
    return dismissed;
}

// Of those that do nothing, and else of those whose head is not whole yet, the oldest go. Few at
// one time: a client that comes back costs more than one that stays.
static bool make_room(struct front_door *door)
{
    size_t few = door->connections->max / ROOM_SHARE, count = few < ROOM_MAX ? few : ROOM_MAX;
    size_t made = door->handlers.make_room(count > 0 ? count : 1, NULL, door->handlers.arg);

    if (made == 0)
        made = dismiss_oldest(door, 1);
    metric_add(&door->metrics->evicted, made);
    return made > 0;
}

static enum accept_pause accept_waiting(struct front_door *door)
{
    for (int i = 0; i < ACCEPTS_A_TURN && door->listening; i++) {
        struct sockaddr_storage address;
        struct arrival arrival = {.address = (struct sockaddr *)&address,
                                  .address_len = sizeof(address)};
        if (connections_are_full(
                door->connections)) // a place that was made is free in the next turn
            return somebody_waits(door) && make_room(door) ? ACCEPT_GOES_ON : ACCEPT_FULL;
        arrival.fd = accept4(door->fd, (struct sockaddr *)&address, &arrival.address_len,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (arrival.fd < 0)
            return pause_for(errno);
        receive(door, &arrival);
    }
    return ACCEPT_GOES_ON;
}

static void pause_accepting(struct front_door *door, enum accept_pause why)
{
    set_pause(door, why);
    uv_poll_stop(&door->poll);
    deadline_arm(&door->look, &door->retry_due);
}

static void on_connections(uv_poll_t *handle, int status, int events)
{
    struct front_door *door = container_of(handle, struct front_door, poll);
    enum accept_pause why = accept_waiting(door);

    (void)status;
    (void)events;
    if (door->listening && why != ACCEPT_GOES_ON)
        pause_accepting(door, why);
}

// Descriptors may run out without anybody at the door, and Redis then wants those in reserve.
static void on_look(struct deadline *look, void *arg)
{
    struct front_door *door = arg;
    enum accept_pause why =
        spare_files_take(&door->spare) ? accept_waiting(door) : pause_for(errno);

    if (!door->listening)
        return;
    if (why != ACCEPT_GOES_ON) {
        pause_accepting(door, why);
        return;
    }
    set_pause(door, ACCEPT_GOES_ON);
    uv_poll_start(&door->poll, UV_READABLE, on_connections);
    deadline_arm(look, &door->files_due);
}

static void tune_listener(int fd)
{
    int defer = DEFER_SECONDS;

    // Buffers of a listener are those that its connections begin with.
    tune_socket(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
}

static int listen_for_clients(const struct client_port_options *options)
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

struct front_door *front_door_new(const struct client_port_options *options,
                                  struct event_loop *loop, struct connections *connections,
                                  const struct front_door_handlers *handlers)
{
    int fd = listen_for_clients(options);
    struct front_door *door;

    if (fd < 0)
        return NULL;
    door = mem_zalloc(sizeof(*door));
    door->loop = loop;
    door->metrics = connections->metrics;
    door->connections = connections;
    door->handlers = *handlers;
    door->fd = fd;
    door->port = listen_socket_port(fd);
    door->listening = true;
    door->open_handles = 1;
    list_init(&door->visitors);
    deadline_init(&door->look);
    spare_files_init(&door->spare, options->spare_files);
    deadline_queue_init(&door->head_due, &loop->deadlines, options->head_timeout_ms, on_head_late,
                        door);
    deadline_queue_init(&door->retry_due, &loop->deadlines, ACCEPT_RETRY_MS, on_look, door);
    deadline_queue_init(&door->files_due, &loop->deadlines, FILES_LOOK_MS, on_look, door);
    int rc = uv_poll_init(&loop->uv, &door->poll, fd);
    assert(rc == 0);
    (void)rc;
    uv_poll_start(&door->poll, UV_READABLE, on_connections);
    deadline_arm(&door->look, &door->retry_due);
    log_info("listening host=%s port=%u", options->host, door->port);
    return door;
}

uint16_t front_door_port(const struct front_door *door)
{
    return door->port;
}

void front_door_stop_listening(struct front_door *door)
{
    if (!door->listening)
        return;
    door->listening = false;
    deadline_cancel(&door->look);
    uv_poll_stop(&door->poll);
    close(door->fd);
    spare_files_release(&door->spare);
}

void front_door_close(struct front_door *door)
{
    front_door_stop_listening(door);
    list_for_each (entry, &door->visitors)
        close_visitor(list_entry(entry, struct visitor, entry));
    deadline_queue_fini(&door->head_due);
    deadline_queue_fini(&door->retry_due);
    deadline_queue_fini(&door->files_due);
    uv_close((uv_handle_t *)&door->poll, on_door_closed);
}
