// A small HTTP/1.1 server on a thread of its own, for ports that few use: the operations port, and
// the relay's HTTP API.
//
// There are few places, and nobody can block the port by holding connections: a further one closes
// the oldest that has no request at work, and of those first the ones that were never trusted. Only
// if requests are at work on all of them, the new one is closed. A request must be whole within
// SIDE_REQUEST_MS.
//
// The handlers run on the server's thread. A request may be answered by any thread, once.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/metrics.h"

#define SIDE_REQUEST_MS 10000

// What a person can do when side_port_new() fails.
#define SIDE_PORT_REMEDY "raise the limits of threads and open files (ulimit -u, ulimit -n)"

struct side_request;

struct side_header {
    const char *name, *value; // name is NULL: none
};

struct side_answer {
    unsigned status;
    const char *type; // of the body, a constant; NULL: there is none
    struct span body;
    struct side_header extra;       // a header more, with constants
    const struct side_header *more; // constants, ended by one without a name; NULL: none
};

enum side_framing {
    SIDE_LENGTH_KNOWN,   // also of a request without a body
    SIDE_LENGTH_UNKNOWN, // it comes in chunks
    SIDE_LENGTH_UNCLEAR, // two lengths, or no number
};

// Written by the server's thread.
struct side_port_metrics {
    metric evicted; // connections that were closed for newer ones
    metric refused; // connections that were closed since requests were at work on all others
};

struct side_port_options {
    int listener; // non-blocking; owned from now on
    unsigned connections_max;
    size_t body_max;
    struct side_port_metrics *metrics;
    // The head of a request has come. Unless this answers it, the body is read.
    void (*on_head)(struct side_request *request, void *arg);
    // The body has come too. NULL if on_head answers all.
    void (*on_whole)(struct side_request *request, void *arg);
    // An answer goes out, or would if the client were still there. NULL: nobody wants to know.
    void (*on_answer)(const struct side_request *request, unsigned status, void *arg);
    void (*on_second)(void *arg); // about once a second; NULL: nothing
    void *arg;
};

struct side_port;

// Starts the thread. Returns NULL, with the listener closed and without a line in the log, if that
// fails.
NODISCARD struct side_port *side_port_new(const struct side_port_options *options);
// All requests that were handed over must be answered by now.
void side_port_free(struct side_port *port);

const char *side_request_method(const struct side_request *request);
// The target up to the question mark, as it came: not decoded.
struct span side_request_path(const struct side_request *request);
// The value of a header, or NULL.
const char *side_request_header(const struct side_request *request, const char *name);
// How the end of the body is found, and how long it is if that is known.
enum side_framing side_request_framing(const struct side_request *request, uint64_t *length);
// Valid until the request is answered.
struct span side_request_body(const struct side_request *request);
// The client has shown who it is: its connection is the last to be closed for others.
void side_request_trust(struct side_request *request);
// The answer will say that the page whose origin the request has may read it (CORS).
void side_request_allow_origin(struct side_request *request);
// A number of the handler's own, 0 at first.
unsigned *side_request_mark(struct side_request *request);

// Copies the answer. The request must not be used afterwards.
void side_request_answer(struct side_request *request, const struct side_answer *answer);
