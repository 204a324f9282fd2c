// The memory that libmicrohttpd has for each connection: one mapping, in which it keeps the head of
// the request, a record for each header and cookie, a copy of the cookies, and what is read ahead.
//
// It has room for the largest allowed head, so most of it is unused; but the library zeroes all of
// it between two requests, which makes every page resident. So a connection that waits gives the
// empty pages back to the kernel.
#pragma once

#include <stddef.h>

#include "edge/http/request_head.h"

#define HTTP_POOL_BYTES     ((size_t)14 * 4096)
#define HTTP_POOL_ALIGNMENT 4096
#define HTTP_POOL_RECORD    64   // bytes of the library's record for a header or a cookie
#define HTTP_POOL_RESERVE   4096 // for what is read of a body, and for the head of the reply
#define HTTP_COOKIES_MAX    200  // browsers keep 180 for one site

// Gives the pages of this pool that hold only zeros back to the kernel; they read as zeros
// afterwards too. NULL is ignored.
void http_pool_trim(const char *pool);
