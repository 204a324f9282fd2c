// Sends commands to the edges over Redis, and reads what they announce there.
//
// Reasons for failures go to stderr.
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

// Borrows the settings. NULL when there is no connection to be had.
NODISCARD struct control_channel *control_channel_open(const struct redis_settings *settings);
void control_channel_close(struct control_channel *channel);

// Visits every edge that has announced itself within the last 15 s.
NODISCARD bool control_channel_each_edge(struct control_channel *channel,
                                         void (*visit)(const struct edge_notice *edge, void *arg),
                                         void *arg);

// Publishes a control message; `receivers` is how many edges got it.
NODISCARD bool control_channel_publish(struct control_channel *channel,
                                       const struct control *message, uint64_t *receivers);

struct kick_result {
    uint64_t receivers; // edges that got it
    uint64_t answered;  // edges that said within 2 s how many sockets they had
    uint64_t sockets;   // all of them
};

// Publishes a kick and gathers what the edges say to it.
NODISCARD bool control_channel_kick(struct control_channel *channel, struct span user,
                                    struct kick_result *result);

// Remembers that the user was kicked, so that sessions that began before are not recovered.
NODISCARD bool control_channel_remember_kick(struct control_channel *channel, struct span user);
