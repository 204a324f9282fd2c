#define LOG_MODULE "listener"

#include "edge/adapters/listener/listener.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/acceptor.h"
#include "edge/adapters/listener/http_server.h"
#include "edge/adapters/listener/peer_address.h"
#include "edge/adapters/listener/refusal.h"
#include "edge/adapters/listener/websocket_server.h"
#include "edge/http/request_head.h"

struct listener {
    struct listener_handlers handlers;
    struct connections connections;
    struct acceptor *acceptor;
    struct http_server *http;
    struct websocket_server *websockets;
    const struct trusted_proxies *proxies;
    uv_timer_t closing; // gives the last replies a turn of the loop
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

const char *listener_why_paused(const struct listener_metrics *metrics)
{
    if (metric_get(&metrics->accept_paused[ACCEPT_NO_FILES]))
        return "accepting is paused: out of file descriptors";
    if (metric_get(&metrics->accept_paused[ACCEPT_NO_MEMORY]))
        return "accepting is paused: out of memory for sockets";
    if (metric_get(&metrics->accept_paused[ACCEPT_FULL]))
        return "accepting is paused: as many connections as allowed are open";
    return NULL;
}

static void on_connection_gone(struct key_count *counted, void *arg)
{
    connections_leave(&((struct listener *)arg)->connections, counted);
}

static const char *status_phrase(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 429:
        return "Too Many Requests";
    default:
        return "Service Unavailable";
    }
}

static void refuse_websocket(struct listener *listener, int fd, struct key_count *counted,
                             const struct eio_refusal *refusal)
{
    char body[128];
    int len = eio_refusal_print(refusal, body, sizeof(body));

    refusal_send(fd, refusal->status, status_phrase(refusal->status),
                 (struct span){body, (size_t)len});
    on_connection_gone(counted, listener);
}

// Opens a WebSocket for a well-formed request to upgrade, or refuses it. The head was taken off
// `fd`, which is taken over.
static void open_websocket(struct listener *listener, int fd, struct key_count *counted,
                           struct span key, struct eio_server *engine,
                           const struct http_request *request)
{
    struct eio_admission admission;
    struct eio_refusal refusal;

    if (eio_admit_websocket(engine, request, &admission, &refusal))
        websocket_server_adopt(listener->websockets, fd, counted, key, &admission, request);
    else
        refuse_websocket(listener, fd, counted, &refusal);
}

static bool on_upgrade(int fd, const struct http_request *request, struct span key,
                       struct key_count *counted, void *arg)
{
    struct listener *listener = arg;
    struct eio_server *engine =
        listener->handlers.find_engine(request->path, listener->handlers.arg);

    if (!engine)
        return false;
    open_websocket(listener, fd, counted, key, engine, request);
    return true;
}

// False if the connection is to be served as plain HTTP.
static bool take_websocket(struct listener *listener, const struct arrival *arrival)
{
    struct http_head head;
    struct http_head_request as_request;
    struct eio_server *engine;
    struct span key;
    char peer[INET6_ADDRSTRLEN];

    if (!http_head_parse(arrival->head, &head) || !http_head_asks_for_websocket(&head, &key))
        return false;
    struct span client = trusted_proxies_find_client(
        listener->proxies, &head, peer_address_print(arrival->address, peer, sizeof(peer)));
    http_head_request_init(&as_request, &head, client);
    engine = listener->handlers.find_engine(as_request.request.path, listener->handlers.arg);
    if (!engine)
        return false;
    if (!arrival_consume(arrival->fd, arrival->head.len))
        log_debug("the connection went away during its handshake");
    open_websocket(listener, arrival->fd, arrival->counted, key, engine, &as_request.request);
    return true;
}

static void on_arrival(const struct arrival *arrival, void *arg)
{
    struct listener *listener = arg;

    if (take_websocket(listener, arrival))
        return;
    http_server_adopt(listener->http, arrival);
}

static size_t make_room(size_t count, const struct key_count *address, void *arg)
{
    return http_server_close_idle(((struct listener *)arg)->http, count, address);
}

static size_t body_max(const struct http_request *request, void *arg)
{
    struct listener *listener = arg;

    return listener->handlers.body_max(request, listener->handlers.arg);
}

static void on_http(struct http_exchange *exchange, void *arg)
{
    struct listener *listener = arg;

    listener->handlers.on_http(exchange, listener->handlers.arg);
}

// Ends a listener of which not all parts could be made. The loop closes what they have opened in
// it.
static void abandon(struct listener *listener, struct event_loop *loop)
{
    if (listener->acceptor)
        acceptor_close(listener->acceptor);
    if (listener->websockets) {
        websocket_server_close(listener->websockets);
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    websocket_server_free(listener->websockets);
    connections_fini(&listener->connections);
    free(listener);
}

static bool make_parts(struct listener *listener, const struct listener_options *options,
                       struct event_loop *loop, struct listener_metrics *metrics)
{
    const struct acceptor_handlers acceptor = {
        .on_arrival = on_arrival,
        .make_room = make_room,
        .arg = listener,
    };
    const struct http_server_handlers http = {
        .body_max = body_max,
        .on_request = on_http,
        .on_upgrade = on_upgrade,
        .on_gone = on_connection_gone,
        .arg = listener,
    };

    listener->acceptor = acceptor_new(options, loop, &listener->connections, &acceptor);
    if (!listener->acceptor)
        return false;
    listener->websockets =
        websocket_server_new(options, loop, metrics, on_connection_gone, listener);
    if (!listener->websockets)
        return false;
    listener->http = http_server_new(options, &http, loop, metrics);
    return listener->http;
}

struct listener *listener_new(const struct listener_options *options,
                              const struct listener_handlers *handlers, struct event_loop *loop,
                              struct listener_metrics *metrics)
{
    struct listener *listener = mem_zalloc(sizeof(*listener));

    listener->handlers = *handlers;
    listener->proxies = options->proxies;
    connections_init(&listener->connections, options, metrics);
    if (!make_parts(listener, options, loop, metrics)) {
        abandon(listener, loop);
        return NULL;
    }
    uv_timer_init(&loop->uv, &listener->closing);
    return listener;
}

void listener_stop_accepting(struct listener *listener)
{
    acceptor_stop(listener->acceptor);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct listener *listener = container_of((uv_timer_t *)handle, struct listener, closing);

    listener->on_closed(listener->on_closed_arg);
}

static void close_parts(uv_timer_t *timer)
{
    struct listener *listener = container_of(timer, struct listener, closing);

    acceptor_close(listener->acceptor);
    http_server_close(listener->http);
    websocket_server_close(listener->websockets);
    uv_close((uv_handle_t *)timer, on_timer_closed);
}

void listener_close(struct listener *listener, void (*on_closed)(void *arg), void *arg)
{
    listener->on_closed = on_closed;
    listener->on_closed_arg = arg;
    listener_stop_accepting(listener);
    uv_timer_start(&listener->closing, close_parts, 20, 0);
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    http_server_free(listener->http);
    websocket_server_free(listener->websockets);
    connections_fini(&listener->connections);
    free(listener);
}
