// Answers a request: with a response of libmicrohttpd; or, while the client still sends its body,
// directly on the socket, because the library takes no response then.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// Sets the operations of an exchange, so that http_exchange_reply() works.
void http_reply_init(struct mhd_exchange *exchange);

// Answers with a status and a JSON body. Returns what the library's callback must return.
enum MHD_Result http_reply_error(struct mhd_exchange *exchange, unsigned status, const char *json);

// The reply was sent, or never will be: gives the bytes of its copy back to the budget.
void http_reply_release(struct mhd_exchange *exchange);
