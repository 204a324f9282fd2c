// Asks HTTP services of whose answers only the status counts: libcurl on the edge's loop.
//
// Plain GETs over HTTP/1.1 with a bearer token. Connections are kept for further requests.
// Redirects are not followed, proxies of the environment are not used, certificates are verified,
// and bodies are thrown away.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "edge/adapters/event_loop.h"

struct http_client;
struct http_fetch; // a request under way

struct http_client_options {
    const char *ca_file;      // PEM, in place of the system's certificates; NULL: these. Borrowed
    unsigned max_connections; // that are kept open
};

struct http_get {
    const char *url;
    const char *address; // numeric; of the URL's host, which is not looked up here
    const char *token;
};

// `status` is 0 when there is no answer, or none that is HTTP; `reason` says why then.
typedef void (*http_answer_fn)(unsigned status, const char *reason, void *arg);

// Borrows the loop.
NODISCARD struct http_client *http_client_new(const struct http_client_options *options,
                                              struct event_loop *loop);
// No request may be under way. `on_closed` is called later, once.
void http_client_close(struct http_client *client, void (*on_closed)(void *arg), void *arg);
void http_client_free(struct http_client *client); // after on_closed

// Calls `on_answer` once and later, unless the call is cancelled. There is no time limit but the
// caller's. Borrows `get` until return.
NODISCARD struct http_fetch *http_client_get(struct http_client *client, const struct http_get *get,
                                             http_answer_fn on_answer, void *arg);
// For a call that was not answered. Its connection is closed.
void http_fetch_cancel(struct http_fetch *call);
