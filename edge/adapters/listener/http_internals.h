// The inside of the HTTP port, shared by its files: http_port.c has the connections and the library
// on our loop, http_call.c has one request from its head to its answer, http_heads.c reads heads,
// http_answers.c writes answers.
#pragma once

#include <microhttpd.h>

#include "edge/adapters/listener/http_pool.h"
#include "edge/adapters/listener/http_port.h"
#include "edge/http/content_encoding.h"

enum call_state {
    CALL_READING = 0,
    CALL_HANDLING,
    CALL_HELD,
    CALL_ANSWERED,
    CALL_REFUSED, // answered before all of it was there; what still comes is dropped
    CALL_ABORTED,
};

// One request.
struct call {
    struct http_exchange exchange;
    struct connection *connection;
    enum call_state state;
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

struct http_port {
    struct MHD_Daemon *daemon;
    struct http_port_handlers handlers;
    struct event_loop *loop;
    struct client_port_metrics *metrics;
    const struct allowed_origins *origins;
    const struct trusted_proxies *proxies;
    struct compressor *compressor;
    uv_poll_t poll;    // on the library's epoll descriptor
    uv_poll_t hangups; // on ours
    uv_check_t check;  // when all that was readable has been looked at
    uv_idle_t again;   // while the library wants to run in the next turn too
    int hangup_fd;     // epoll of the connections, for their end only
    struct turn_hook hook;
    struct tally_entry *arriving; // while a connection is taken over
    bool needs_run;               // at the end of the turn
    bool is_readable;             // run after the WebSockets
    uint32_t max_body;            // of anybody
    struct memory_budget *memory; // NULL: no limit
    struct deadline_queue request_due, reply_due, linger_due, idle_due, quiet_due;
};

// One TCP connection.
struct connection {
    struct http_port *port;
    struct MHD_Connection *library;
    int fd;
    struct tally_entry *counted; // as its address
    bool has_ended;              // the client says nothing more
    unsigned wakes;              // of the library, because of that
    struct deadline deadline;    // for the request, or for the next one
    struct deadline quiet;       // while it waits: for an answer, or for the next request
    const char *pool;            // where the library's memory for it begins; NULL: not known
    bool has_asked;              // its first request has been looked at
    struct call *call;           // the request being served
};

// http_port.c
// Lets the library run at the end of the turn.
void http_port_run_soon(struct http_port *port);
void http_port_watch_end(struct connection *connection);

// http_call.c
// The library's callbacks: a request's target is known, a part of the request has come, it is over.
void *http_call_on_target(void *arg, const char *target, struct MHD_Connection *library);
enum MHD_Result http_call_on_request(void *arg, struct MHD_Connection *library, const char *url,
                                     const char *method, const char *version,
                                     const char *upload_data, size_t *upload_data_size,
                                     void **request);
void http_call_on_completed(void *arg, struct MHD_Connection *library, void **request,
                            enum MHD_RequestTerminationCode code);
// The client said that it ends. True when its request was held: it is given up, and the library
// must go on with the connection.
bool http_call_abandon(struct call *call);
// The request took too long: says so, if nothing was said yet.
void http_call_too_late(struct call *call);
void http_call_free(struct call *call);

// http_answers.c
// Gives the library the answer; `queued` says how that went.
void http_answers_queue(struct call *call, const struct http_reply *reply);
// Writes the answer past the library, which takes none while it reads a body, and says that nothing
// follows.
void http_answers_send_early(const struct call *call, const struct http_reply *reply);
// The answer was taken, or never will be.
void http_answers_release(struct call *call);

// http_heads.c
// Takes from the library, which has just read a request line, what nobody here asks it for: the
// query's parameters and, as far as they have come, the cookies.
void http_heads_hide(const struct connection *connection, const char *target);
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
enum head_fault http_heads_read(struct connection *connection, const struct request_line *line,
                                struct http_head *head);
