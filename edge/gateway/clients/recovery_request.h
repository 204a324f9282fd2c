// What a client that comes back asks for in its CONNECT: `pid`, the session that it had, and
// `offset`, up to where it has that session's events.
#pragma once

#include "common/buffer.h"
#include "edge/gateway/delivery/offset.h"

struct recovery_request {
    bool asks;                // for a session; without it there is nothing to decide
    struct buffer id, offset; // as the client sent them; empty: none, or too long
    bool has_offset;          // good or not
    bool offset_good;         // `cut` is what it says
    struct cut cut;
};

// Reads the payload of a CONNECT into a zeroed request. `shards` is how many of them an offset
// must speak of. Payloads that are no object ask for nothing.
void recovery_request_read(struct recovery_request *request, struct span auth, unsigned shards);
void recovery_request_fini(struct recovery_request *request);
