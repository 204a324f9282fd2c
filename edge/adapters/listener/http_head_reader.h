// Reads request heads as libmicrohttpd has parsed them, and checks that it parsed what the client
// wrote.
//
// The library is lenient, and hands out C strings: a NUL in a value hides what follows it, a blank
// before a colon makes another name of "Transfer-Encoding". A proxy in front may have read that
// differently, which is a way to smuggle requests, so heads that are not exact are refused. They
// lie in the library's memory as they came, except that it put NULs in place of separators.
#pragma once

#include "edge/adapters/listener/http_internal.h"

// The library has just parsed a request line. Hides from it what nobody here asks it for, and what
// it would spend the connection's memory on: the query's parameters and, as far as they have come,
// the cookies.
void http_head_reader_hide(const struct http_connection *connection, const char *target);

struct request_line { // as the library cut it up, in its memory
    const char *method, *version;
    const char *target_at;
    struct span target; // a copy: the library writes into its own
};

enum head_fault {
    HEAD_FINE = 0,
    HEAD_TOO_LARGE,
    HEAD_TOO_MANY_HEADERS, // or cookies: some would not be looked at
    HEAD_MALFORMED,        // the library parsed something else than the client wrote
};

// Fills `head`, which borrows from the library's memory. With a fault, `head` has what was read
// until then.
enum head_fault http_head_reader_read(struct http_connection *connection,
                                      const struct request_line *line, struct http_head *head);
