// One HTTP request that waits for its reply, now or later.
//
// The adapter that read the request owns the exchange. The handler replies exactly once; until then
// it may hold the exchange, and on_abort tells it if the client goes away.
#pragma once

#include "edge/http/request.h"
#include "edge/http/shared_body.h"

struct http_reply {
    unsigned status;
    const char *content_type;   // NULL: no such header
    struct span body;           // copied, unless `shared` is set
    struct shared_body *shared; // the owner of `body`, which gets a reference instead; or NULL
    const char *const *headers; // further headers: name, value, name, value, …, NULL; or NULL
};

struct http_exchange;

struct http_exchange_ops {
    void (*reply)(struct http_exchange *exchange, const struct http_reply *reply);
};

struct http_exchange {
    const struct http_exchange_ops *ops;
    const struct http_request *request; // NULL once the handler has returned
    // Set by a handler that holds the exchange. Called if the client goes away before the reply;
    // the exchange is no longer valid afterwards.
    void (*on_abort)(void *holder);
    void *holder;
};

// Sends the reply. The exchange is no longer valid afterwards.
static inline void http_exchange_reply(struct http_exchange *exchange,
                                       const struct http_reply *reply)
{
    exchange->ops->reply(exchange, reply);
}
