// The memory that libmicrohttpd has for each connection: one mapping, in which it keeps the head of
// the request, a record for each header and cookie, a copy of the cookies, and what is read ahead.
//
// It fits the largest head that is allowed, so mostly it is empty; and since the library wipes all
// of it between two requests, all of it would be resident. A connection that waits gives the empty
// pages back to the kernel.
#pragma once

#include <stddef.h>

#include "edge/http/request_head.h"

#define HTTP_POOL_BYTES     ((size_t)14 * 4096)
#define HTTP_POOL_ALIGNMENT 4096
#define HTTP_POOL_RECORD    64   // bytes of the library's record for a header or a cookie
#define HTTP_POOL_RESERVE   4096 // for what is read of a body, and for the head of the reply
#define HTTP_COOKIES_MAX    200  // browsers keep 180 for one site

// Gives back the pages of this pool that hold nothing but zeros, which they do afterwards as well.
// NULL has none.
void http_pool_trim(const char *pool);
