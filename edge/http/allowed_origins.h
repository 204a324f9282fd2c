// Which web pages may talk to this server: the list of allowed origins, and the server's own.
#pragma once

#include "edge/http/request.h"

struct allowed_origins;

enum origin_verdict {
    ORIGIN_ABSENT = 0, // a native app, or a page's own simple GET
    ORIGIN_LISTED,
    ORIGIN_OWN,     // the page comes from where the request went
    ORIGIN_FOREIGN, // some other page, or malformed
};

// `list`: origins with commas between them ("https://a.example,http://localhost:5173"). A host may
// begin with "*.", for one label or more; "*" alone allows all; "null" is what pages from files
// send. NULL or empty allows only the server's own. Entries that no origin can equal are passed
// over. Copies it.
NODISCARD struct allowed_origins *allowed_origins_new(const char *list);
void allowed_origins_free(struct allowed_origins *origins);

// Takes the next entry that is not empty off `list`, without its blanks and closing slashes; in
// `fault` NULL, or why no origin can equal it. False when there is none left.
NODISCARD bool allowed_origins_take_entry(struct span *list, struct span *entry,
                                          const char **fault);

// Where the request went is said by X-Forwarded-Host and X-Forwarded-Proto, where they stand (see
// trusted_proxies.h), otherwise by Host; without X-Forwarded-Proto it may have been by either
// scheme.
enum origin_verdict allowed_origins_check(const struct allowed_origins *origins,
                                          const struct http_request *request);
