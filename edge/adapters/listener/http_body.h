// The body of a request: how large it may be, what is kept of it, and what is read only to be
// dropped, so that the client gets its refusal and not a broken connection.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// The head announces a body. Decides whether the body is kept, is dropped, or the request is
// answered before it comes. All functions here return what the library's callback must return.
enum MHD_Result http_body_expect(struct mhd_exchange *exchange, const struct http_head *head,
                                 struct http_request *request);
// A piece of the body has come.
enum MHD_Result http_body_take(struct mhd_exchange *exchange, struct span piece);
// Answers 413.
enum MHD_Result http_body_refuse(struct mhd_exchange *exchange);
