// What the client port answers to plain HTTP: the Engine.IO transport, the client bundle,
// /health, /metrics, the console, and 404.
#pragma once

#include "edge/gateway/client_bundle.h"
#include "edge/gateway/relay_watch.h"
#include "edge/http/exchange.h"
#include "edge/socketio/server.h"

#define ENGINE_PATH "/socket.io/"

struct http_routes {
    struct eio_server *engine;
    struct sio_namespace *nsp;
    const struct client_bundle *bundle; // NULL: none
    const struct relay_watch *relay;
    const struct gateway_metrics *metrics;
    bool console_enabled;
    bool metrics_enabled;
    bool metrics_rooms;                                   // whether /metrics lists rooms by name
    void (*print_metrics)(struct buffer *out, void *arg); // Prometheus text
    void *print_arg;
    struct buffer body;
};

void http_routes_fini(struct http_routes *routes);

// Answers the exchange, or hands it to the engine, which does so later.
void http_routes_handle(struct http_routes *routes, struct http_exchange *exchange);
