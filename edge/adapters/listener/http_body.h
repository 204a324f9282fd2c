// The body of a request: how much of one is allowed, what is kept of it, and what is read and
// dropped so that the client hears why it is refused.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// The head announces a body. Decides what becomes of it: it is kept, it is dropped, or the request
// is answered before it comes. All three return what the library's callback returns.
enum MHD_Result http_body_expect(struct mhd_exchange *exchange, const struct http_head *head,
                                 struct http_request *request);
// A piece of it has come.
enum MHD_Result http_body_take(struct mhd_exchange *exchange, struct span piece);
// Answers 413.
enum MHD_Result http_body_refuse(struct mhd_exchange *exchange);
