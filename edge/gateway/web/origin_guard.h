// Refuses handshakes from web pages of a foreign origin and logs the refusals.
#pragma once

#include "edge/engineio/peer_log.h"
#include "edge/http/allowed_origins.h"

struct origin_guard {
    const struct allowed_origins *origins; // borrowed
    struct peer_log refused;
};

// For sio_server_new(); `guard` is a struct origin_guard.
NODISCARD bool origin_guard_allows(const struct http_request *request, void *guard);
