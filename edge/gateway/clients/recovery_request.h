// What a client that reconnects sends in its CONNECT: `pid`, the id of the session that it had, and
// `offset`, up to where it has that session's events.
#pragma once

#include "common/buffer.h"
#include "edge/gateway/delivery/cut.h"

struct recovery_request {
    bool asks;                // has a `pid`; otherwise the client wants no recovery
    struct buffer id, offset; // as the client sent them; empty: none, or too long
    bool has_offset;          // whether valid or not
    bool offset_good;         // the offset is valid, and `cut` is its value
    struct cut cut;
};

// Reads `auth`, the payload of a CONNECT, into a zeroed request. An offset is valid only if it has
// `shards` shards. A payload that is not a JSON object leaves the request empty.
void recovery_request_read(struct recovery_request *request, struct span auth, unsigned shards);
void recovery_request_fini(struct recovery_request *request);
