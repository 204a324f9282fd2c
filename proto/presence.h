// Presence as relays see it: reading who is online and how many are in a room, and taking out what
// edges have left behind that are gone.
#pragma once

#include "proto/control_channel.h"
#include "proto/presence_script.h"

struct presence_found {
    uint64_t count; // connections of the user, or clients in the room
    uint64_t edges; // that have some of them
};

// Reads of `count` user ids, or of rooms. Asks Redis once, and no edge.
NODISCARD bool presence_read(struct control_channel *channel, bool are_users,
                             const struct span *names, size_t count, struct presence_found *out);

struct presence_sweep {
    uint64_t grace_ms; // that users without a connection still count as online
    // Where services are told of those who are offline now, and when (text); an empty exchange:
    // they are not. While the uplink is full, users are left to a later call.
    struct span exchange, routing_key, at;
    // The members of a room are to be told that they are so many.
    void (*on_count)(struct span room, uint64_t count, void *arg);
    void *arg;
    uint64_t removed; // fields; added to
};

// Takes out what edges have written whose lease is over: rooms at once, users once the grace is
// over too, counted from when the edge was heard last. So those of an edge that was stopped have
// the time to come back elsewhere, while the lease of one that was killed has given it to them.
// Does a limited part; returns false if the channel has failed.
//
// Any number of relays may do this at once. An edge that was only frozen finds out, and writes all
// that it has again.
NODISCARD bool presence_sweep(struct control_channel *channel, struct presence_sweep *sweep);

// Publishes an envelope to the edges, over a channel to the server that has the shard.
NODISCARD bool presence_publish(struct control_channel *channel, unsigned shard,
                                struct span envelope);
