// Takes the token out of a cookie of the handshake, for web apps that keep it where scripts cannot
// read it (HttpOnly).
//
// Browsers send cookies by themselves, also when the page of a stranger opens the connection
// (cross-site WebSocket hijacking). So the cookie counts only in a handshake that is known to come
// from a page of the gateway's own origin or of one that CORS_ORIGIN names.
#pragma once

#include "edge/http/allowed_origins.h"

struct token_cookie {
    char *name; // owned; NULL: no cookie is looked at
    const struct allowed_origins *origins;
};

// For sio_options.cookie_of; `cookie` is a struct token_cookie. Borrows from the request; empty if
// there is no such cookie, or it does not count.
struct span token_cookie_of(const struct http_request *request, void *cookie);
