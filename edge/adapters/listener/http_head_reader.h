// Reads request heads as libmicrohttpd has parsed them, and checks that it parsed what the client
// wrote.
//
// The library is lenient, and hands out C strings: a NUL in a value hides what follows it, a blank
// before a colon makes another name of "Transfer-Encoding". A proxy in front may have read that
// differently, which is a way to smuggle requests, so a head is refused unless it is exact: its
// names and values lie in the library's memory one behind another, with nothing between them but
// the separators, in place of which the library puts NULs (decision 003).
#pragma once

#include "edge/adapters/listener/http_internal.h"

// The library has just parsed a request line. Hides the query's parameters from it, and the cookies
// as far as they have come: it would fill the connection's memory with copies and records of them.
// In the head that is read they have their name again.
void http_head_reader_hide(const struct http_connection *connection, const char *target);

struct request_line { // as the library cut it up, in its memory
    const char *method, *version;
    const char *target_at;
    struct span target; // a copy: the library writes into its own
};

enum head_fault {
    HEAD_FINE = 0,
    HEAD_TOO_LARGE,
    HEAD_TOO_MANY_HEADERS, // or cookies: more than the library has memory for
    HEAD_MALFORMED,        // the library parsed something else than the client wrote
};

// Fills `head`, which borrows from the library's memory. On a fault `head` has what was read so
// far.
enum head_fault http_head_reader_read(struct http_connection *connection,
                                      const struct request_line *line, struct http_head *head);
