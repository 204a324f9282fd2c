// Which web pages may talk to this server: those of the allowed origins, and the server's own.
#pragma once

#include "edge/http/request.h"

struct allowed_origins;

enum origin_verdict {
    ORIGIN_ABSENT = 0, // no Origin header: no browser, or a simple GET of the server's own page
    ORIGIN_LISTED,
    ORIGIN_OWN,     // the page came from the host that the request went to
    ORIGIN_FOREIGN, // some other page, or malformed
};

// `list`: origins with commas between them ("https://a.example,http://localhost:5173"). A host may
// begin with "*.", which stands for one label or more; "*" alone allows all; "null" is the origin
// of pages from files. NULL or empty allows only the server's own origin. Entries that no origin
// can equal are skipped. Copies `list`.
NODISCARD struct allowed_origins *allowed_origins_new(const char *list);
void allowed_origins_free(struct allowed_origins *origins);

// Takes the next entry that is not empty off `list`, without surrounding blanks and closing
// slashes. `fault` is NULL, or says why no origin can equal the entry. False when none is left.
NODISCARD bool allowed_origins_take_entry(struct span *list, struct span *entry,
                                          const char **fault);

// Compares the request's Origin with the list and with the server's own origin. That is made of
// X-Forwarded-Proto and X-Forwarded-Host, if a trusted proxy sent them (see trusted_proxies.h), and
// otherwise of Host; without X-Forwarded-Proto either scheme counts as the server's own.
enum origin_verdict allowed_origins_check(const struct allowed_origins *origins,
                                          const struct http_request *request);

// True if the request certainly comes from a page that may use what the browser adds by itself,
// such as cookies: its Origin is the server's own or one that the list names, where "*" and "null"
// name nobody; or it has none, but a browser says that the page is of the same origin
// (Sec-Fetch-Site, which scripts cannot set).
NODISCARD bool allowed_origins_vouch(const struct allowed_origins *origins,
                                     const struct http_request *request);
