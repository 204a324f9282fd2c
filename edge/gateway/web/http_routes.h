// Routes the plain HTTP requests of the client port: to Engine.IO, the client bundle, /health,
// /metrics and the console. All other paths get 404.
#pragma once

#include "common/token_bucket.h"
#include "edge/gateway/delivery/relay_status.h"
#include "edge/gateway/web/client_bundle.h"
#include "edge/http/exchange.h"

#define ENGINE_PATH "/socket.io/"

// A page that is expensive to write. It is written again at most a few times a second; other
// requests get the last one, which is less than a second old.
struct kept_page {
    struct shared_body *body; // NULL: not written yet
    struct token_bucket writes;
};

struct http_routes {
    struct eio_server *engine;
    struct sio_namespace *nsp;
    const struct client_bundle *bundle; // NULL: none
    const struct relay_status *relay;
    const struct delivery_metrics *metrics;
    const struct gateway_file *file; // what the console says of it
    bool console_enabled;
    bool metrics_enabled;
    bool metrics_rooms;                                   // /metrics lists rooms by name
    void (*print_metrics)(struct buffer *out, void *arg); // Prometheus text
    void *print_arg;
    struct buffer body;
    struct kept_page metrics_json, metrics_text;
};

void http_routes_fini(struct http_routes *routes);

// How many bytes the body of a request may have, judged by its head; 0: no body is accepted.
size_t http_routes_body_max(const struct http_routes *routes, const struct http_request *request);

// Answers the exchange, or hands it to the engine, which may answer later.
void http_routes_handle(struct http_routes *routes, struct http_exchange *exchange);
