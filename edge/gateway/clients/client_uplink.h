// Tells services what clients send: adds their events to the uplink, and answers each when Redis
// has. An event without an answer, of a client that is gone meanwhile, may have been added.
#pragma once

#include "common/gateway_file/client_event_types.h"
#include "common/metrics.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/client_ack.h"
#include "edge/gateway/delivery/bus.h"

// What may be without an answer. Redis answers in a millisecond or, if it does not, the bus is down
// after a few seconds.
#define UPLINK_CALLS_OF_CLIENT 32
#define UPLINK_CALLS_MAX       4096
#define UPLINK_CALLS_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct client_uplink_metrics {
    metric added;
    metric full;        // refused: the stream is full
    metric unavailable; // refused: Redis is away, does not answer, or refuses it
    metric too_many;    // refused: too many are without an answer
    metric pending;     // without an answer
};

struct client_uplink {
    struct bus *bus;
    struct client_acks *acks;
    struct client_uplink_metrics *metrics;
    struct list calls; // in the order in which they were sent
    size_t bytes;      // of them
    struct buffer body;
};

// What a client sends. `room` is empty if it goes to no room.
struct client_uplink_event {
    const struct client_event_type *type;
    struct span room, data;
    struct ack ack;
};

// Sets the bus's handlers of the uplink.
void client_uplink_init(struct client_uplink *uplink);
void client_uplink_fini(struct client_uplink *uplink);

// Returns NULL if the event is on its way; then its ack follows. Otherwise returns why not.
const char *client_uplink_send(struct client_uplink *uplink, struct client *client,
                               const struct client_uplink_event *event);
// The client is gone, and gets no answers.
void client_uplink_forget(struct client *client);
