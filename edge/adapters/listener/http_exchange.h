// One plain HTTP request, from its target until its reply: the callbacks of libmicrohttpd while it
// reads the request, holding the request for a later reply, and giving it up.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// The library's callbacks: the target of a request is known; its head, a piece of its body, or its
// end has come; the request is over.
void *http_exchange_on_target(void *arg, const char *target, struct MHD_Connection *library);
enum MHD_Result http_exchange_on_request(void *arg, struct MHD_Connection *library, const char *url,
                                         const char *method, const char *version,
                                         const char *upload_data, size_t *upload_data_size,
                                         void **request);
void http_exchange_on_completed(void *arg, struct MHD_Connection *library, void **request,
                                enum MHD_RequestTerminationCode code);

// The client has closed its side. True if its request was held: the request is given up, and the
// caller must resume the connection.
bool http_exchange_abort(struct mhd_exchange *exchange);
// The request takes too long: answers 408, unless it was answered already.
void http_exchange_time_out(struct mhd_exchange *exchange);
void http_exchange_free(struct mhd_exchange *exchange);
