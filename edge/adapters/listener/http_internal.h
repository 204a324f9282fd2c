// The inside of the HTTP port, shared by its files: http_server.c has the connections and the
// library on our loop, http_call.c has one request from its head to its answer, http_heads.c reads
// heads, http_answers.c writes answers.
#pragma once

#include <microhttpd.h>

#include "edge/adapters/listener/http_pool.h"
#include "edge/adapters/listener/http_server.h"
#include "edge/http/content_encoding.h"

enum exchange_state {
    EXCHANGE_READING = 0,
    EXCHANGE_HANDLING,
    EXCHANGE_HELD,
    EXCHANGE_ANSWERED,
    EXCHANGE_REFUSED, // answered before all of it was there; what still comes is dropped
    EXCHANGE_ABORTED,
};

// One request.
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

// http_server.c
// Lets the library run at the end of the turn.
void http_server_run_soon(struct http_server *server);
void http_server_watch_end(struct http_connection *connection);

// http_call.c
// The library's callbacks: a request's target is known, a part of the request has come, it is over.
void *http_exchange_on_target(void *arg, const char *target, struct MHD_Connection *library);
enum MHD_Result http_exchange_on_request(void *arg, struct MHD_Connection *library, const char *url,
                                         const char *method, const char *version,
                                         const char *upload_data, size_t *upload_data_size,
                                         void **request);
void http_exchange_on_completed(void *arg, struct MHD_Connection *library, void **request,
                                enum MHD_RequestTerminationCode code);
// The client said that it ends. True when its request was held: it is given up, and the library
// must go on with the connection.
bool http_exchange_abort(struct mhd_exchange *exchange);
// The request took too long: says so, if nothing was said yet.
void http_exchange_time_out(struct mhd_exchange *exchange);
void http_exchange_free(struct mhd_exchange *exchange);

// http_answers.c
// Gives the library the answer; `queued` says how that went.
void http_reply_queue(struct mhd_exchange *exchange, const struct http_reply *reply);
// Writes the answer past the library, which takes none while it reads a body, and says that nothing
// follows.
void http_reply_send_early(const struct mhd_exchange *exchange, const struct http_reply *reply);
// The answer was taken, or never will be.
void http_reply_release(struct mhd_exchange *exchange);

// http_heads.c
// Takes from the library, which has just read a request line, what nobody here asks it for: the
// query's parameters and, as far as they have come, the cookies.
void http_head_reader_hide(const struct http_connection *connection, const char *target);
struct request_line { // as the library cut it up, in its memory
    const char *method, *version;
    const char *target_at;
    struct span target; // a copy: the library writes into its own
};
enum head_fault {
    HEAD_FINE = 0,
    HEAD_TOO_LARGE,
    HEAD_TOO_MANY_HEADERS, // or cookies: some would not be looked at
    HEAD_MALFORMED,        // the library read something else than stands there
};
// Fills `head`, which borrows from the library; of one at fault what was read of it.
enum head_fault http_head_reader_read(struct http_connection *connection,
                                      const struct request_line *line, struct http_head *head);
