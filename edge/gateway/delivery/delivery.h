// Delivers envelopes to the clients of this edge: encodes an event once and queues the frame for
// each member of its rooms.
#pragma once

#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/delivery/latency.h"
#include "edge/gateway/delivery/log_follower.h"
#include "edge/gateway/delivery/log_tail.h"
#include "proto/envelope.h"

struct sio_namespace;
struct sio_socket;

struct delivery {
    struct sio_namespace *nsp;
    struct span edge_id;
    struct delivery_metrics *metrics;
    struct latency latency;
    unsigned shards;
    const struct log_follower *follower;
    struct log_tail *tail; // NULL: recovery is off and events carry no offset
    void (*act)(const struct envelope *envelope, void *arg); // an action on a user, see envelope.h
    void *act_arg;
};

// The position of a shard that was delivered last at this edge.
struct position delivery_position(const struct delivery *delivery, unsigned shard);
// The same for all shards. Every client of this edge has been sent its events up to this cut.
void delivery_cut(const struct delivery *delivery, struct cut *out);

// Sends an event to one client, with the current offset.
void delivery_emit(struct delivery *delivery, struct sio_socket *socket, struct span name,
                   struct span args);

// Queues the event for every member of the envelope's rooms except the socket `envelope->except`;
// once, if the member is in several of them. Every client is a member of the room "*".
void delivery_to_members(struct delivery *delivery, const struct envelope *envelope);

// The next two are for log_follower_handlers; `delivery` is a struct delivery.
// Delivers an envelope from the bus, and calls `act` if it has an action: behind the event, or in
// front of it if the user enters a room, so that the user gets the event too. Skips an envelope
// that this edge published itself: the members at this edge got it when it was published.
void delivery_from_bus(const struct envelope *envelope, void *delivery);
// Appends an entry of the log to the tail, for clients that come back.
void delivery_remember(unsigned shard, const struct envelope *envelope, struct position position,
                       void *delivery);
