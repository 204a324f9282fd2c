#define LOG_MODULE "client_port"

#include "edge/adapters/listener/client_port.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/front_door.h"
#include "edge/adapters/listener/http_port.h"
#include "edge/adapters/listener/peer_address.h"
#include "edge/adapters/listener/websocket_port.h"
#include "edge/http/request_head.h"

struct client_port {
    struct client_port_handlers handlers;
    struct client_port_metrics *metrics;
    struct connections connections;
    struct front_door *door;
    struct http_port *http;
    struct websocket_port *websockets;
    const struct trusted_proxies *proxies;
    uv_timer_t closing; // gives the last replies a turn of the loop
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

const char *client_port_why_paused(const struct client_port_metrics *metrics)
{
    if (metric_get(&metrics->accept_paused[ACCEPT_NO_FILES]))
        return "accepting is paused: out of file descriptors";
    if (metric_get(&metrics->accept_paused[ACCEPT_NO_MEMORY]))
        return "accepting is paused: out of memory for sockets";
    if (metric_get(&metrics->accept_paused[ACCEPT_FULL]))
        return "accepting is paused: as many connections as allowed are open";
    return NULL;
}

static void on_connection_gone(struct tally_entry *counted, void *arg)
{
    connections_leave(&((struct client_port *)arg)->connections, counted);
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

static void refuse_websocket(struct client_port *port, int fd, struct tally_entry *counted,
                             const struct eio_refusal *refusal)
{
    char body[128];
    int len = eio_refusal_print(refusal, body, sizeof(body));

    front_door_turn_away(fd, refusal->status, status_phrase(refusal->status),
                         (struct span){body, (size_t)len});
    on_connection_gone(counted, port);
}

// Takes the head off the socket, where until now it was only peeked at.
static void consume_head(int fd, struct span head)
{
    char taken[HTTP_HEAD_MAX];

    if (recv(fd, taken, http_head_length(head), MSG_DONTWAIT) < 0)
        log_debug("the connection went away during its handshake");
}

// A well-formed request to upgrade, whose head has been taken off `fd`: in, or refused.
static void judge_websocket(struct client_port *port, int fd, struct tally_entry *counted,
                            struct span key, struct eio_server *engine,
                            const struct http_request *request)
{
    struct eio_refusal refusal;

    if (eio_server_admits_websocket(engine, request, &refusal))
        websocket_port_adopt(port->websockets, fd, counted, key, engine, request);
    else
        refuse_websocket(port, fd, counted, &refusal);
}

static bool on_upgrade(int fd, const struct http_head *head, struct span peer,
                       struct tally_entry *counted, void *arg)
{
    struct client_port *port = arg;
    struct http_head_request as_request;
    struct eio_server *engine;

    http_head_request_init(&as_request, head, peer);
    engine = port->handlers.find_engine(as_request.request.path, port->handlers.arg);
    if (!engine)
        return false;
    judge_websocket(port, fd, counted, http_head_single(head, "Sec-WebSocket-Key"), engine,
                    &as_request.request);
    return true;
}

static bool take_websocket(struct client_port *port, const struct arrival *arrival)
{
    struct http_head head;
    struct http_head_request as_request;
    struct eio_server *engine;
    struct span key;
    char peer[INET6_ADDRSTRLEN];

    if (!http_head_parse(arrival->head, &head) || !http_head_asks_for_websocket(&head, &key))
        return false;
    struct span client = trusted_proxies_find_client(
        port->proxies, &head, peer_address_print(arrival->address, peer, sizeof(peer)));
    http_head_request_init(&as_request, &head, client);
    engine = port->handlers.find_engine(as_request.request.path, port->handlers.arg);
    if (!engine)
        return false;
    consume_head(arrival->fd, arrival->head);
    judge_websocket(port, arrival->fd, arrival->counted, key, engine, &as_request.request);
    return true;
}

static void on_arrival(const struct arrival *arrival, void *arg)
{
    struct client_port *port = arg;

    if (take_websocket(port, arrival))
        return;
    http_port_adopt(port->http, arrival);
}

static size_t make_room(size_t count, const struct tally_entry *address, void *arg)
{
    return http_port_close_idle(((struct client_port *)arg)->http, count, address);
}

static size_t body_max(const struct http_request *request, void *arg)
{
    struct client_port *port = arg;

    return port->handlers.body_max(request, port->handlers.arg);
}

static void on_http(struct http_exchange *exchange, void *arg)
{
    struct client_port *port = arg;

    port->handlers.on_http(exchange, port->handlers.arg);
}

struct client_port *client_port_new(const struct client_port_options *options,
                                    const struct client_port_handlers *handlers,
                                    struct event_loop *loop, struct client_port_metrics *metrics)
{
    struct client_port *port = mem_zalloc(sizeof(*port));
    struct http_port_handlers http = {
        .body_max = body_max,
        .on_request = on_http,
        .on_upgrade = on_upgrade,
        .on_gone = on_connection_gone,
        .arg = port,
    };

    const struct front_door_handlers door = {
        .on_arrival = on_arrival,
        .make_room = make_room,
        .arg = port,
    };

    port->handlers = *handlers;
    port->metrics = metrics;
    port->proxies = options->proxies;
    connections_init(&port->connections, options, metrics);
    port->door = front_door_new(options, loop, &port->connections, &door);
    if (!port->door)
        goto fail;
    port->websockets = websocket_port_new(options, loop, metrics, on_connection_gone, port);
    if (!port->websockets)
        goto fail;
    port->http = http_port_new(options, &http, loop, metrics);
    if (!port->http)
        goto fail;
    uv_timer_init(&loop->uv, &port->closing);
    return port;

fail:
    if (port->door)
        front_door_close(port->door);
    if (port->websockets) {
        websocket_port_close(port->websockets);
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    websocket_port_free(port->websockets);
    connections_fini(&port->connections);
    free(port);
    return NULL;
}

uint16_t client_port_number(const struct client_port *port)
{
    return front_door_port(port->door);
}

void client_port_stop_listening(struct client_port *port)
{
    front_door_stop_listening(port->door);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct client_port *port = container_of((uv_timer_t *)handle, struct client_port, closing);

    port->on_closed(port->on_closed_arg);
}

static void close_parts(uv_timer_t *timer)
{
    struct client_port *port = container_of(timer, struct client_port, closing);

    front_door_close(port->door);
    http_port_close(port->http);
    websocket_port_close(port->websockets);
    uv_close((uv_handle_t *)timer, on_timer_closed);
}

void client_port_close(struct client_port *port, void (*on_closed)(void *arg), void *arg)
{
    port->on_closed = on_closed;
    port->on_closed_arg = arg;
    client_port_stop_listening(port);
    uv_timer_start(&port->closing, close_parts, 20, 0);
}

void client_port_free(struct client_port *port)
{
    if (!port)
        return;
    http_port_free(port->http);
    websocket_port_free(port->websockets);
    connections_fini(&port->connections);
    free(port);
}
