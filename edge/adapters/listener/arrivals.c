#define LOG_MODULE "acceptor"

#include "edge/adapters/listener/arrivals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/refusal.h"
#include "edge/http/request_head.h"

struct arrivals {
    struct event_loop *loop;
    struct connections *connections;
    arrival_fn on_arrival;
    void *arg;
    struct deadline_queue head_due;
    struct list pending; // of struct pending_connection, oldest first
    bool closed;
    int open_handles;
    char head[HTTP_HEAD_MAX];
};

// A connection whose head is not whole yet.
struct pending_connection {
    struct arrivals *arrivals;
    struct list node;
    struct deadline deadline;
    uv_poll_t poll;
    int fd;
    struct key_count *counted;
    size_t seen; // bytes of its head, all still in the socket
    struct sockaddr_storage address;
    socklen_t address_len;
};

static void free_if_unused(struct arrivals *arrivals)
{
    if (arrivals->closed && arrivals->open_handles == 0)
        free(arrivals);
}

static void on_pending_closed(uv_handle_t *handle)
{
    struct pending_connection *pending =
        container_of((uv_poll_t *)handle, struct pending_connection, poll);

    pending->arrivals->open_handles--;
    free_if_unused(pending->arrivals);
    free(pending);
}

// Ends the wait of a connection. The caller owns the returned descriptor.
static int detach(struct pending_connection *pending)
{
    int fd = pending->fd;

    uv_poll_stop(&pending->poll);
    deadline_cancel(&pending->deadline);
    list_unlink(&pending->node);
    uv_close((uv_handle_t *)&pending->poll, on_pending_closed);
    return fd;
}

static void close_connection(struct arrivals *arrivals, int fd, struct key_count *counted)
{
    connections_leave(arrivals->connections, counted);
    close(fd);
}

static void close_pending(struct pending_connection *pending)
{
    close_connection(pending->arrivals, detach(pending), pending->counted);
}

static void refuse_head(struct arrivals *arrivals, int fd, struct key_count *counted)
{
    metric_add(&arrivals->connections->metrics->heads_refused, 1);
    connections_leave(arrivals->connections, counted);
    refusal_send(fd, 431, "Request Header Fields Too Large",
                 SPAN_LIT("{\"message\":\"Request head too large\"}"));
}

bool arrival_consume(int fd, size_t len)
{
    char taken[HTTP_HEAD_MAX];

    return recv(fd, taken, len, MSG_DONTWAIT) >= 0;
}

// Empty lines before a request mean nothing (RFC 9112, 2.2). They are taken off the socket, so that
// the request begins where its server begins to read.
static struct span skip_empty_lines(int fd, struct span head)
{
    size_t n = 0;

    while (n < head.len && (head.ptr[n] == '\r' || head.ptr[n] == '\n'))
        n++;
    if (n > 0 && !arrival_consume(fd, n))
        log_debug("the connection went away before its request");
    return span_skip(head, n);
}

enum peek { PEEK_CLOSED, PEEK_PARTIAL, PEEK_TOO_LARGE, PEEK_WHOLE };

static enum peek peek_head(struct arrivals *arrivals, int fd, struct span *head)
{
    ssize_t n = recv(fd, arrivals->head, sizeof(arrivals->head), MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    else if (n <= 0)
        return PEEK_CLOSED;
    *head = skip_empty_lines(fd, (struct span){arrivals->head, (size_t)n});
    size_t whole = http_head_length(*head);
    if (whole == 0)
        return head->len == sizeof(arrivals->head) ? PEEK_TOO_LARGE : PEEK_PARTIAL;
    head->len = whole;
    return PEEK_WHOLE;
}

// A level-triggered poll would report bytes that are only peeked at again and again. So the kernel
// is told to wake us only when there are more than were seen (SO_RCVLOWAT).
static void wait_for_more_than(int fd, size_t seen)
{
    int low_water = (int)seen + 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof(low_water));
}

static void dispatch(struct pending_connection *pending, struct span head)
{
    struct arrivals *arrivals = pending->arrivals;
    struct sockaddr_storage address = pending->address;
    socklen_t address_len = pending->address_len;
    int fd = detach(pending);

    wait_for_more_than(fd, 0);
    arrivals->on_arrival(
        &(struct arrival){fd, (struct sockaddr *)&address, address_len, head, pending->counted},
        arrivals->arg);
}

static void on_pending_event(uv_poll_t *handle, int status, int events)
{
    struct pending_connection *pending = container_of(handle, struct pending_connection, poll);
    struct arrivals *arrivals = pending->arrivals;
    struct span head;

    switch (status < 0 ? PEEK_CLOSED : peek_head(arrivals, pending->fd, &head)) {
    case PEEK_WHOLE:
        dispatch(pending, head);
        break;
    case PEEK_TOO_LARGE:
        refuse_head(arrivals, detach(pending), pending->counted);
        break;
    case PEEK_PARTIAL:
        if (!(events & UV_DISCONNECT) && head.len > pending->seen) {
            pending->seen = head.len;
            wait_for_more_than(pending->fd, pending->seen);
            break;
        } // the client has closed its side: the head stays incomplete
        // fall through
    case PEEK_CLOSED:
        close_pending(pending);
        break;
    }
}

static void on_head_late(struct deadline *deadline, void *arg)
{
    struct arrivals *arrivals = arg;

    metric_add(&arrivals->connections->metrics->head_timeouts, 1);
    close_pending(container_of(deadline, struct pending_connection, deadline));
}

static void wait_for_head(struct arrivals *arrivals, const struct arrival *arrival)
{
    struct pending_connection *pending = mem_zalloc(sizeof(*pending));

    if (uv_poll_init(&arrivals->loop->uv, &pending->poll, arrival->fd) != 0) {
        free(pending);
        close_connection(arrivals, arrival->fd, arrival->counted);
        return;
    }
    arrivals->open_handles++;
    pending->arrivals = arrivals;
    pending->fd = arrival->fd;
    pending->counted = arrival->counted;
    pending->seen = arrival->head.len;
    memcpy(&pending->address, arrival->address, arrival->address_len);
    pending->address_len = arrival->address_len;
    list_append(&arrivals->pending, &pending->node);
    deadline_init(&pending->deadline);
    deadline_arm(&pending->deadline, &arrivals->head_due);
    wait_for_more_than(pending->fd, pending->seen);
    uv_poll_start(&pending->poll, UV_READABLE | UV_DISCONNECT, on_pending_event);
}

void arrivals_receive(struct arrivals *arrivals, struct arrival *arrival)
{
    switch (peek_head(arrivals, arrival->fd, &arrival->head)) {
    case PEEK_WHOLE:
        arrivals->on_arrival(arrival, arrivals->arg);
        break;
    case PEEK_TOO_LARGE:
        refuse_head(arrivals, arrival->fd, arrival->counted);
        break;
    case PEEK_PARTIAL:
        wait_for_head(arrivals, arrival);
        break;
    case PEEK_CLOSED:
        close_connection(arrivals, arrival->fd, arrival->counted);
        break;
    }
}

size_t arrivals_close_oldest(struct arrivals *arrivals, size_t count)
{
    size_t closed = 0;

    while (closed < count && !list_empty(&arrivals->pending)) {
        close_pending(list_entry(arrivals->pending.next, struct pending_connection, node));
        closed++;
    }
    return closed;
}

struct arrivals *arrivals_new(struct event_loop *loop, struct connections *connections,
                              uint32_t head_timeout_ms, arrival_fn on_arrival, void *arg)
{
    struct arrivals *arrivals = mem_zalloc(sizeof(*arrivals));

    arrivals->loop = loop;
    arrivals->connections = connections;
    arrivals->on_arrival = on_arrival;
    arrivals->arg = arg;
    list_init(&arrivals->pending);
    deadline_queue_init(&arrivals->head_due, &loop->deadlines, head_timeout_ms, on_head_late,
                        arrivals);
    return arrivals;
}

void arrivals_close(struct arrivals *arrivals)
{
    list_for_each (node, &arrivals->pending)
        close_pending(list_entry(node, struct pending_connection, node));
    deadline_queue_fini(&arrivals->head_due);
    arrivals->closed = true;
    free_if_unused(arrivals);
}
