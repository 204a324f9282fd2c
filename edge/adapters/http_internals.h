// The inside of the HTTP port, shared by its two files: http_port.c has the connections and the
// library on our loop, http_call.c has one request from its head to its answer.
#pragma once

#include <microhttpd.h>

#include "edge/adapters/http_port.h"
#include "edge/http/compression.h"

struct call;

struct http_port {
    struct MHD_Daemon *daemon;
    struct http_port_handlers handlers;
    struct event_loop *loop;
    struct client_port_metrics *metrics;
    const struct origins *origins;
    const struct proxies *proxies;
    struct compressor *compressor;
    uint32_t max_body;
    uv_poll_t poll;    // on the library's epoll descriptor
    uv_poll_t hangups; // on ours
    uv_check_t check;  // when all that was readable has been looked at
    uv_timer_t timer;  // when the library wants to run again
    int hangup_fd;     // epoll of the connections, for their end only
    struct turn_hook hook;
    bool needs_run;   // at the end of the turn
    bool is_readable; // run after the WebSockets
    struct deadline_queue request_due, idle_due;
};

// One TCP connection.
struct connection {
    struct http_port *port;
    struct MHD_Connection *library;
    int fd;
    bool has_ended;           // the client says nothing more
    unsigned wakes;           // of the library, because of that
    struct deadline deadline; // for the request, or for the next one
    struct call *call;        // the request being served
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
void http_call_free(struct call *call);
