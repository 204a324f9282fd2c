#define LOG_MODULE "acceptor"

#include "edge/adapters/listener/acceptor.h"

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
#include "edge/adapters/listener/accept_pauses.h"
#include "edge/adapters/listener/fd_reserve.h"
#include "edge/adapters/listener/refusal.h"

#define BACKLOG         4096
#define ACCEPTS_A_TURN  256
#define EVICTED_SHARE   64 // at most one in 64 connections is evicted at one time
#define EVICTED_MAX     16 // at most 16 connections are evicted at one time
#define RETRY_MS        100
#define RESERVE_LOOK_MS 1000 // between two checks of the reserve of descriptors
#define SEND_BUFFER     (128 * 1024)
#define DEFER_SECONDS   1 // the kernel holds back a connection that sends nothing for so long

struct acceptor {
    struct listener_metrics *metrics;
    struct acceptor_handlers handlers;
    struct connections *connections;
    struct arrivals *arrivals;
    int fd;
    bool listening;
    uv_poll_t poll;
    struct accept_pauses pauses;
    struct fd_reserve reserve;
    bool reserve_missed;  // it could not be had, for want of something else than descriptors
    struct deadline look; // in retry_due while accepting is paused, otherwise in reserve_due
    struct deadline_queue retry_due, reserve_due;
};

static void tune_socket(int fd)
{
    int on = 1, send_buffer = SEND_BUFFER;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
}

// True if the address now has too many connections, and no idle one that could be closed instead.
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
    refusal_send(arrival->fd, 429, "Too Many Requests",
                 SPAN_LIT("{\"message\":\"Too many connections from this address\"}"));
}

static void receive(struct acceptor *acceptor, struct arrival *arrival)
{
    metric_add(&acceptor->metrics->accepted, 1);
    arrival->counted = connections_enter(acceptor->connections, arrival->address);
    if (is_one_too_many(acceptor, arrival))
        refuse_address(acceptor, arrival);
    else
        arrivals_receive(acceptor->arrivals, arrival);
}

// When descriptors run out, the reserve is released, so that Redis and the logs have some.
static void set_pause(struct acceptor *acceptor, enum accept_pause why)
{
    if (why == ACCEPT_NO_FILES)
        fd_reserve_release(&acceptor->reserve);
    accept_pauses_set(&acceptor->pauses, why);
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
        return ACCEPT_GOES_ON; // no connection waits, or the one that waited has gone
    }
}

static bool somebody_waits(const struct acceptor *acceptor)
{
    struct pollfd listener = {.fd = acceptor->fd, .events = POLLIN};

    return poll(&listener, 1, 0) > 0;
}

// Closes the oldest idle connections, or else the oldest one whose head is not whole yet. Only few
// at one time: a client that has to reconnect costs more than one that stays.
static bool make_room(struct acceptor *acceptor)
{
    size_t few = acceptor->connections->max / EVICTED_SHARE,
           count = few < EVICTED_MAX ? few : EVICTED_MAX;
    size_t made = acceptor->handlers.make_room(count > 0 ? count : 1, NULL, acceptor->handlers.arg);

    if (made == 0)
        made = arrivals_close_oldest(acceptor->arrivals, 1);
    metric_add(&acceptor->metrics->evicted, made);
    return made > 0;
}

static enum accept_pause accept_waiting(struct acceptor *acceptor)
{
    for (int i = 0; i < ACCEPTS_A_TURN && acceptor->listening; i++) {
        struct sockaddr_storage address;
        struct arrival arrival = {.address = (struct sockaddr *)&address,
                                  .address_len = sizeof(address)};
        // The place of an evicted connection becomes free in the next turn.
        if (connections_are_full(acceptor->connections))
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

// A pause would not bring a reserve that is out of reach for another reason than those of a pause.
static enum accept_pause take_reserve(struct acceptor *acceptor)
{
    bool taken = fd_reserve_take(&acceptor->reserve);
    int cause = errno;
    enum accept_pause why = taken ? ACCEPT_GOES_ON : pause_for(cause);

    if (!taken && why == ACCEPT_GOES_ON && !acceptor->reserve_missed)
        log_warn("no descriptors are held in reserve for Redis and the operations port reason=%s "
                 "remedy=%s",
                 strerror(cause), "make /dev/null readable");
    acceptor->reserve_missed = !taken && why == ACCEPT_GOES_ON;
    return why;
}

// Tries again after a pause, and checks the reserve once a second otherwise: descriptors may run
// out although no client connects, and then Redis needs those of the reserve.
static void on_look(struct deadline *look, void *arg)
{
    struct acceptor *acceptor = arg;
    enum accept_pause why = take_reserve(acceptor);

    if (why == ACCEPT_GOES_ON)
        why = accept_waiting(acceptor);
    if (!acceptor->listening)
        return;
    if (why != ACCEPT_GOES_ON) {
        pause_accepting(acceptor, why);
        return;
    }
    set_pause(acceptor, ACCEPT_GOES_ON);
    uv_poll_start(&acceptor->poll, UV_READABLE, on_connections);
    deadline_arm(look, &acceptor->reserve_due);
}

static void tune_listener(int fd)
{
    int defer = DEFER_SECONDS;

    // Accepted connections inherit the options, the sizes of buffers included.
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
    acceptor->metrics = connections->metrics;
    acceptor->connections = connections;
    acceptor->handlers = *handlers;
    acceptor->fd = fd;
    acceptor->pauses =
        (struct accept_pauses){.metrics = connections->metrics, .clock = &loop->deadlines};
    acceptor->arrivals = arrivals_new(loop, connections, options->head_timeout_ms,
                                      handlers->on_arrival, handlers->arg);
    acceptor->listening = true;
    deadline_init(&acceptor->look);
    fd_reserve_init(&acceptor->reserve, options->fd_reserve);
    deadline_queue_init(&acceptor->retry_due, &loop->deadlines, RETRY_MS, on_look, acceptor);
    deadline_queue_init(&acceptor->reserve_due, &loop->deadlines, RESERVE_LOOK_MS, on_look,
                        acceptor);
    int rc = uv_poll_init(&loop->uv, &acceptor->poll, fd);
    assert(rc == 0);
    (void)rc;
    uv_poll_start(&acceptor->poll, UV_READABLE, on_connections);
    deadline_arm(&acceptor->look, &acceptor->retry_due);
    log_info("listening host=%s port=%u", options->host, listen_socket_port(fd));
    return acceptor;
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

static void on_poll_closed(uv_handle_t *handle)
{
    free(container_of((uv_poll_t *)handle, struct acceptor, poll));
}

void acceptor_close(struct acceptor *acceptor)
{
    acceptor_stop(acceptor);
    arrivals_close(acceptor->arrivals);
    deadline_queue_fini(&acceptor->retry_due);
    deadline_queue_fini(&acceptor->reserve_due);
    uv_close((uv_handle_t *)&acceptor->poll, on_poll_closed);
}
