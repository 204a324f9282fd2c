// The handlers that the HTTP server calls.
#pragma once

#include "edge/adapters/listener/listener_options.h"

struct key_count;

struct http_server_handlers {
    // See listener_handlers.
    size_t (*body_max)(const struct http_request *request, void *arg);
    // Answers the exchange, now or later.
    void (*on_request)(struct http_exchange *exchange, void *arg);
    // A request to upgrade came on a kept-alive connection. True when `fd`, a duplicate of its
    // descriptor, was taken over. False: the request goes to on_request.
    bool (*on_upgrade)(int fd, const struct http_request *request, struct span key,
                       struct key_count *counted, void *arg);
    void (*on_gone)(struct key_count *counted, void *arg); // a connection ended
    void *arg;
};
