// Tells the other members of a room what one of them does: user_joined, user_left, user_typing,
// user_stop_typing. Members at this edge hear it at once, those at others over the bus.
#pragma once

#include "edge/gateway/clients/client.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery.h"

struct presence {
    struct delivery *delivery;
    struct bus *bus;
    unsigned shards;
    struct buffer body, encoded;
};

void presence_fini(struct presence *presence);

// Who does something, as others are told.
struct presence_member {
    struct span socket_id, user_json;
};

// `member` may be gone already.
void presence_tell_of(struct presence *presence, const struct presence_member *member,
                      struct span room, const char *event);
void presence_tell(struct presence *presence, const struct client *client, struct span room,
                   const char *event);
