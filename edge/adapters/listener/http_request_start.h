// Decides by the head of a request, before its body is read: the request is refused, is answered,
// is handed over to the WebSockets, or goes on.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// Reads the head and counts the request. Returns what the library's callback must return.
enum MHD_Result http_request_start(struct mhd_exchange *exchange, const char *method,
                                   const char *version);
// The request that was started, without its body. Borrowed until the head of another exchange is
// read.
struct http_request *http_request_of(struct mhd_exchange *exchange, const char *method,
                                     const char *version);
