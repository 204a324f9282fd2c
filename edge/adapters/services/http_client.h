// An HTTP client for services: libcurl on the edge's loop.
//
// It sends GETs over HTTP/1.1, and keeps connections for further requests. It follows no redirects,
// ignores proxies that the environment names, and verifies certificates. Of most answers only the
// status counts: their bodies are discarded.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/tls_store.h"
#include "edge/adapters/event_loop.h"

struct http_client;
struct http_fetch; // a request under way

struct http_client_options {
    struct tls_store *tls;    // the certificates to trust; NULL: the system's. Borrowed
    unsigned max_connections; // how many are kept open for further requests
};

struct http_get {
    const char *url;
    const char *address; // numeric address of the URL's host, which is not looked up here
    const char *token;   // sent as "Authorization: Bearer"; NULL: none
    size_t body_max;     // an answer with a longer body fails; 0: the body is discarded
};

// Borrowed until return.
struct http_answer {
    unsigned status;    // 0: no whole answer came
    const char *reason; // why not
    const char *cause;  // the same in general: without addresses and times, which differ each time
    struct span body;   // empty if it is discarded
};

typedef void (*http_answer_fn)(const struct http_answer *answer, void *arg);

// Borrows the loop.
NODISCARD struct http_client *http_client_new(const struct http_client_options *options,
                                              struct event_loop *loop);
// Keeps so many connections open from now on.
void http_client_keep(struct http_client *client, unsigned max_connections);
// No request may be under way. `on_closed` is called later, once.
void http_client_close(struct http_client *client, void (*on_closed)(void *arg), void *arg);
void http_client_free(struct http_client *client); // after on_closed

// Calls `on_answer` once, after this function has returned, unless the call is cancelled. The call
// has no time limit: the caller must cancel it. Borrows `get` until return.
NODISCARD struct http_fetch *http_client_get(struct http_client *client, const struct http_get *get,
                                             http_answer_fn on_answer, void *arg);
// Only before `on_answer` was called. Frees the call and closes its connection.
void http_fetch_cancel(struct http_fetch *call);
