// Sends commands to the edges over Redis, and reads which edges are alive.
//
// The reason of a failure is written to stderr.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/shared_settings.h"
#include "common/span.h"
#include "proto/envelope.h"

struct edge_notice {
    struct span id; // valid until the visit returns
    uint64_t sockets, rooms, at_ms;
};

struct control_channel;

// Returns NULL if there is no connection. Borrows the settings.
NODISCARD struct control_channel *control_channel_open(const struct redis_settings *settings);
void control_channel_close(struct control_channel *channel);

// Calls `visit` for each edge that has announced itself within the last 15 s.
NODISCARD bool control_channel_each_edge(struct control_channel *channel,
                                         void (*visit)(const struct edge_notice *edge, void *arg),
                                         void *arg);

// Publishes a control message. `receivers`: how many subscribers, normally edges, got it.
NODISCARD bool control_channel_publish(struct control_channel *channel,
                                       const struct control *message, uint64_t *receivers);

struct kick_result {
    uint64_t receivers; // edges that got the command
    uint64_t answered;  // edges that answered within 2 s
    uint64_t sockets;   // that these edges had
};

// Publishes a kick and collects the answers of the edges.
NODISCARD bool control_channel_kick(struct control_channel *channel, struct span user,
                                    struct kick_result *result);

// Stores that the user was kicked, so that no session from before is recovered.
NODISCARD bool control_channel_remember_kick(struct control_channel *channel, struct span user);
