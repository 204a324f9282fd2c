// What the files of the HTTP server share: the structs, and the functions that all of them need.
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
    EXCHANGE_REFUSED, // answered before the whole request had come; the rest is dropped
    EXCHANGE_ABORTED,
};

// One request, as libmicrohttpd carries it.
struct mhd_exchange {
    struct http_exchange base;
    struct http_connection *connection;
    enum exchange_state state;
    bool begun;             // its head was read
    bool early;             // the reply goes past the library, before the whole request has come
    size_t body_max;        // largest body in bytes
    bool is_too_large;      // the head announces a larger body
    bool drops_body;        // the body is not kept: nobody wants it, or it is too large
    size_t dropped;         // bytes of the body that were dropped
    enum MHD_Result queued; // what the library's callback returns after the reply
    char *target;           // path and query as they came
    const char *target_at;  // the same in the library's memory
    char *origin;           // the origin that the reply's CORS headers allow; NULL: none
    struct buffer body;
    enum content_coding coding; // the one to use if the reply is compressed
    size_t copied;              // bytes of the reply that are charged to the budget
};

// The head that was read last, and the exchange that it belongs to. Borrows from the library's
// memory.
struct http_request_head {
    const struct mhd_exchange *of; // NULL: no head is kept
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
    uv_poll_t hangups; // on `hangup_fd`
    uv_check_t check;  // runs when everything readable was handled
    uv_idle_t again;   // active while the library wants to run in the next turn too
    int hangup_fd;     // epoll of all connections, only for the end of the client's stream
    struct turn_hook hook;
    struct http_request_head last_read;
    struct key_count *arriving;   // `counted` of the connection that is being adopted
    bool needs_run;               // the library has to run at the end of the turn
    bool is_readable;             // the library has to run once the WebSockets are read
    uint32_t max_body;            // bytes of the largest body of any request
    struct memory_budget *memory; // NULL: no limit
    struct deadline_queue request_due, reply_due, linger_due, idle_due, quiet_due;
};

// One TCP connection.
struct http_connection {
    struct http_server *server;
    struct MHD_Connection *library;
    int fd;
    struct key_count *counted;     // count of its address; NULL: not counted
    bool has_ended;                // the client has closed its side of the stream
    unsigned wakes;                // how often the library was woken because of that
    struct deadline deadline;      // for the request, for its reply, or for the next request
    struct deadline quiet;         // while it waits for a reply or a request: trims `pool`
    const char *pool;              // where the library's memory for it begins; NULL: not known
    bool has_asked;                // the head of its first request was read
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
