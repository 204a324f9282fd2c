// Runs libcurl's transfers on the edge's loop. libcurl says for which sockets and until when it
// waits, and is told which of them are ready (its "multi socket" interface).
#pragma once

#include <curl/curl.h>

#include "common/attr.h"
#include "edge/adapters/event_loop.h"

struct curl_loop;

// Called once for each transfer that has ended. It may remove this one, and add and remove others.
typedef void (*curl_done_fn)(CURL *easy, CURLcode result);

// Borrows the loop. `max_connections`: how many are kept open for further requests.
NODISCARD struct curl_loop *curl_loop_new(struct event_loop *loop, unsigned max_connections,
                                          curl_done_fn on_done);
// Keeps so many open from now on.
void curl_loop_keep(struct curl_loop *curl, unsigned max_connections);
// No transfer may be left. `on_closed` is called later, once.
void curl_loop_close(struct curl_loop *curl, void (*on_closed)(void *arg), void *arg);
void curl_loop_free(struct curl_loop *curl); // after on_closed

// Begins a transfer. `on_done` is not called before this has returned.
void curl_loop_add(struct curl_loop *curl, CURL *easy);
void curl_loop_remove(struct curl_loop *curl, CURL *easy);
