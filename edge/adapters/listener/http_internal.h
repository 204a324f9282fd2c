// What the files of the HTTP server share: the structures, and the functions that every one of them
// needs.
//
//     http_server ──▶ http_exchange ──▶ http_request_start ──▶ http_body ──▶ http_reply
//                                              └──▶ http_head_reader
#pragma once

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include "edge/adapters/listener/http_pool.h"
#include "edge/adapters/listener/http_server_handlers.h"
#include "edge/http/content_encoding.h"
#include "edge/http/request_head.h"

enum exchange_state {
    EXCHANGE_READING = 0,
    EXCHANGE_HANDLING,
    EXCHANGE_HELD,
    EXCHANGE_ANSWERED,
    EXCHANGE_REFUSED, // answered before all of it was there; what still comes is dropped
    EXCHANGE_ABORTED,
};

// One request, as libmicrohttpd carries it.
struct mhd_exchange {
    struct http_exchange base;
    struct http_connection *connection;
    enum exchange_state state;
    bool begun;        // its head was looked at
    bool early;        // to be answered before its body is there
    size_t body_max;   // bytes of its body
    bool is_too_large; // its body, by the head
    bool drops_body;   // that nobody wants, or that is too large
    size_t dropped;    // bytes of that
    enum MHD_Result queued;
    char *target;          // path and query as they came
    const char *target_at; // where the library has them
    char *origin;          // that the reply allows; NULL: none
    struct buffer body;
    enum content_coding coding; // that the client accepts
    size_t copied;              // bytes of the reply, as the budget knows them
};

// A head that was read, and the request of which it is. Borrows from the library's memory.
struct http_request_head {
    const struct mhd_exchange *of; // NULL: of none
    struct http_head head;
    struct http_head_request as_request;
    char peer[INET6_ADDRSTRLEN];
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_server_handlers handlers;
    struct event_loop *loop;
    struct listener_metrics *metrics;
    const struct allowed_origins *origins;
    const struct trusted_proxies *proxies;
    struct compressor *compressor;
    uv_poll_t poll;    // on the library's epoll descriptor
    uv_poll_t hangups; // on ours
    uv_check_t check;  // when all that was readable has been looked at
    uv_idle_t again;   // while the library wants to run in the next turn too
    int hangup_fd;     // epoll of the connections, for their end only
    struct turn_hook hook;
    struct http_request_head last_read;
    struct key_count *arriving;   // while a connection is taken over
    bool needs_run;               // at the end of the turn
    bool is_readable;             // run after the WebSockets
    uint32_t max_body;            // of anybody
    struct memory_budget *memory; // NULL: no limit
    struct deadline_queue request_due, reply_due, linger_due, idle_due, quiet_due;
};

// One TCP connection.
struct http_connection {
    struct http_server *server;
    struct MHD_Connection *library;
    int fd;
    struct key_count *counted;     // as its address
    bool has_ended;                // the client says nothing more
    unsigned wakes;                // of the library, because of that
    struct deadline deadline;      // for the request, or for the next one
    struct deadline quiet;         // while it waits: for an answer, or for the next request
    const char *pool;              // where the library's memory for it begins; NULL: not known
    bool has_asked;                // its first request has been looked at
    struct mhd_exchange *exchange; // the request being served
};

// Lets the library run at the end of the turn.
static inline void http_server_run_soon(struct http_server *server)
{
    server->needs_run = true;
}

// Watches for the end of the client's stream, which the library does not do while a request is
// held.
static inline void http_connection_watch_end(struct http_connection *connection)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = connection};

    epoll_ctl(connection->server->hangup_fd, EPOLL_CTL_ADD, connection->fd, &event);
}

static inline void mhd_exchange_drop_body(struct mhd_exchange *exchange)
{
    memory_budget_give(exchange->connection->server->memory, MEMORY_HTTP, exchange->body.len);
    buffer_fini(&exchange->body);
}
