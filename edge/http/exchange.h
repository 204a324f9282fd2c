// One HTTP request that waits for its reply, now or later.
//
// The port that took the request owns the exchange. Whoever handles it replies exactly once;
// until then it may hold the exchange and is told if the client goes away.
#pragma once

#include "edge/http/request.h"
#include "edge/http/shared_body.h"

struct http_reply {
    unsigned status;
    const char *content_type;   // NULL: no such header
    struct span body;           // copied, unless it is
    struct shared_body *shared; // of this one, which is referenced
    const char *const *headers; // further ones: name, value, name, value, …, NULL; or NULL
};

struct http_exchange;

struct http_exchange_ops {
    void (*reply)(struct http_exchange *exchange, const struct http_reply *reply);
};

struct http_exchange {
    const struct http_exchange_ops *ops;
    const struct http_request *request; // until the handler returns
    // Set by the holder of an exchange that is not answered at once. Called when the client is
    // gone before its reply; the exchange is no longer valid afterwards.
    void (*on_abort)(void *holder);
    void *holder;
};

// Sends the reply. The exchange is no longer valid afterwards.
static inline void http_exchange_reply(struct http_exchange *exchange,
                                       const struct http_reply *reply)
{
    exchange->ops->reply(exchange, reply);
}
