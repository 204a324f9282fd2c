// The options, handlers and metrics of the listener, for all of its parts.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/memory_budget.h"
#include "common/metrics.h"
#include "edge/adapters/event_loop.h"
#include "edge/engineio/websocket.h"
#include "edge/http/allowed_origins.h"
#include "edge/http/trusted_proxies.h"

struct listener_options {
    const char *host;
    uint16_t port;   // 0: the kernel picks one
    bool share_port; // with other processes that share it too (SO_REUSEPORT)
    uint32_t head_timeout_ms;
    uint32_t unacked_ms;      // after which the kernel gives up a peer that acknowledges nothing
    uint32_t max_body;        // bytes of the largest body that any client may send
    uint32_t max_connections; // all kinds together; further ones wait in the backlog
    uint32_t max_connections_per_address; // further ones get 429; 0: any number
    unsigned fd_reserve;                  // descriptors held back for others than clients
    // Sends the reply to a WebSocket's handshake at once, for clients that read nothing else before
    // they saw it. Otherwise it goes out with the session's first packets, which saves a write.
    bool answers_upgrades_at_once;
    const struct allowed_origins *origins; // for the CORS headers of every reply
    struct memory_budget *memory; // borrowed: bodies, replies and messages count; NULL: no limit
    const struct trusted_proxies
        *proxies; // proxies that are believed about a client's address; NULL: none
};

struct listener_handlers {
    // Answers the exchange, now or later.
    void (*on_http)(struct http_exchange *exchange, void *arg);
    // The largest body in bytes that this request may have, of which only the head is there. 0: no
    // body is taken, and on_http() must answer at once.
    size_t (*body_max)(const struct http_request *request, void *arg);
    // The server that takes WebSockets at this path, or NULL.
    struct eio_server *(*find_engine)(struct span path, void *arg);
    void *arg;
};

// Why no connection is accepted at the moment.
enum accept_pause {
    ACCEPT_GOES_ON = 0,
    ACCEPT_FULL, // max_connections are open
    ACCEPT_NO_FILES,
    ACCEPT_NO_MEMORY,
    ACCEPT_PAUSES, // how many there are
};

struct listener_metrics {
    metric connections;     // open now, of all kinds
    metric connections_max; // at which accepting pauses
    metric accepted;
    metric evicted;                      // idle ones that were closed for new ones
    metric refused_address;              // their address had too many
    metric accept_pauses[ACCEPT_PAUSES]; // times that accepting paused, by reason
    metric accept_paused[ACCEPT_PAUSES]; // 1 while it is paused for this reason
    metric heads_refused, head_timeouts;
    metric http_requests;
    metric http_aborted; // held exchanges whose client went away
    metric body_too_large;
    metric websockets;        // open now
    metric messages_late;     // that a WebSocket began and did not end in time
    metric websockets_failed; // that were closed because they broke a rule of the protocol
};
