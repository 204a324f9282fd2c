// The store of presence on Redis: hashes by user and by room with a field for each edge, and the
// sets of those that this edge has a field of. proto/presence_script.h says who reads them.
//
// It uses the bus's connection for commands. The bus tells it when that is up or down.
#pragma once

#include "common/attr.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/gateway/presence/presence_store.h"
#include "proto/redis_keys.h"

struct redis_presence;

struct redis_presence_options {
    const struct redis_names *names; // borrowed, as all here
    const char *edge_id;
    uint64_t uplink_max_len, uplink_max_bytes;
};

NODISCARD struct redis_presence *redis_presence_new(const struct redis_presence_options *options);
void redis_presence_free(struct redis_presence *presence);
struct presence_store *redis_presence_interface(struct redis_presence *presence);

// `may_lack`: the server may lack writes that were answered.
void redis_presence_on_up(struct redis_presence *presence, struct redis_connection *connection,
                          bool may_lack);
// The connection is gone, or is used no more: what is under way gets no answer. A bus that closes
// calls this first and then waits for its last answer, so others may still come; they are ignored.
void redis_presence_on_down(struct redis_presence *presence);
