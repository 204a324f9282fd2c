// Answers a request: as a response of libmicrohttpd, or, while the client still sends its body,
// past the library, which takes no response then.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// Sets the operations of an exchange: it can be answered at once, or after it was held.
void http_reply_init(struct mhd_exchange *exchange);

// Answers with a status and a body of JSON. Returns what the library's callback returns.
enum MHD_Result http_reply_error(struct mhd_exchange *exchange, unsigned status, const char *json);

// The answer was taken, or never will be: gives back the memory of its copy.
void http_reply_release(struct mhd_exchange *exchange);
