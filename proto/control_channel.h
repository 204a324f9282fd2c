// Sends commands to the edges over Redis, and reads which edges are alive.
//
// Calls block, for a few seconds at most. One thread at a time uses a channel; after a failure it
// may be of no use any more.
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

struct command_result {
    uint64_t alive;     // edges in the list
    uint64_t receivers; // edges that got the command
    uint64_t answered;  // edges that answered within 2 s
    uint64_t sockets;   // of the user, that these edges had
};

#define CONTROL_REASON_MAX 600

struct control_channel;

// Returns NULL, with the reason in `why`, if there is no connection. Borrows the settings.
NODISCARD struct control_channel *control_channel_open(const struct redis_settings *settings,
                                                       char why[CONTROL_REASON_MAX]);
// Why the last call has failed, with the way out.
const char *control_channel_reason(const struct control_channel *channel);
void control_channel_close(struct control_channel *channel);

// Calls `visit` for each edge that has announced itself within the last 13 s.
NODISCARD bool control_channel_each_edge(struct control_channel *channel,
                                         void (*visit)(const struct edge_notice *edge, void *arg),
                                         void *arg);
// Sets `alive` if this edge has.
NODISCARD bool control_channel_find_edge(struct control_channel *channel, const char *id,
                                         bool *alive);

// Publishes a control message. `receivers`: how many subscribers, normally edges, got it.
NODISCARD bool control_channel_publish(struct control_channel *channel,
                                       const struct control *message, uint64_t *receivers);

// Commands about a user. Each is stored first, for those who are away then, and for edges that
// start later; then it is published, and the answers of the edges are collected for up to 2 s.

// Disconnects all sockets of the user. No session from before is recovered.
NODISCARD bool control_channel_kick(struct control_channel *channel, struct span user,
                                    struct command_result *result);
// Refuses all tokens of the user from before now, which are valid for up to `seconds`, and
// disconnects who was let in with one. Sessions are forgotten as by a kick, since they may hold
// rooms that only the old tokens gave.
NODISCARD bool control_channel_revoke(struct control_channel *channel, struct span user,
                                      uint64_t seconds, struct command_result *result);
// Takes all sockets of the user out of a room. `room` must not be the user's own.
NODISCARD bool control_channel_leave(struct control_channel *channel, struct span user,
                                     struct span room, struct command_result *result);

// Appends {"edge":…,"sockets":…,"rooms":…,"heardMsAgo":…}.
void edge_notice_print(const struct edge_notice *edge, struct buffer *out);
