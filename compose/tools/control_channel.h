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

struct command_result {
    uint64_t alive;     // edges in the list
    uint64_t receivers; // edges that got the command
    uint64_t answered;  // edges that answered within 2 s
    uint64_t sockets;   // of the user, that these edges had
};

// Publishes a command about a user (kick, revoke or leave) and collects the answers of the edges.
// Sets `command->ask`.
NODISCARD bool control_channel_ask(struct control_channel *channel, struct control *command,
                                   struct command_result *result);

// Store a command before it is published, for those who are away then, and edges that start later.

// No session of the user from before is recovered.
NODISCARD bool control_channel_store_kick(struct control_channel *channel, struct span user);
// Tokens of `command->user` from before `command->at_ms` are refused until `command->until_ms`.
NODISCARD bool control_channel_store_revocation(struct control_channel *channel,
                                                const struct control *command);
// A session of `command->user` that is recovered is not in `command->room`, unless it has joined it
// after `command->at_ms`.
NODISCARD bool control_channel_store_leave(struct control_channel *channel,
                                           const struct control *command);
