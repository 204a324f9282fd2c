// Which web pages may talk to this server: the list of allowed origins, and what CORS says.
#pragma once

#include "edge/http/request.h"

struct origins;

enum origin_verdict {
    ORIGIN_ABSENT = 0, // a native app, or a page's own simple GET
    ORIGIN_LISTED,
    ORIGIN_OWN,     // its host and port equal the Host header
    ORIGIN_FOREIGN, // some other page, or malformed
};

// `list` is comma-separated origins ("https://a.example,http://localhost:5173"), or "*" for
// all; NULL or empty allows only the server's own. Copies it.
NODISCARD struct origins *origins_new(const char *list);
void origins_free(struct origins *origins);

enum origin_verdict origins_judge(const struct origins *origins,
                                  const struct http_request *request);
