// The events as they come out of RabbitMQ: who may consume them, taking and acknowledging them.
//
// All queues are consumed exclusively, in the order of the routes and on one channel. So of
// several relays one holds them all and is active; the others are refused and stand by. A quorum
// queue has no exclusive consumers: there it is looked first whether somebody consumes, and once
// more before anything is taken.
//
// A queue that the broker does not let us consume is left out, told of once, and tried again; the
// others go on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "relay/event.h"
#include "relay/rabbit.h"
#include "relay/routes.h"

enum source_state {
    SOURCE_DOWN,    // not connected, or the broker does not let us work
    SOURCE_STANDBY, // connected; somebody else consumes
    SOURCE_ACTIVE,
};

enum source_take { SOURCE_EVENT, SOURCE_NONE, SOURCE_LOST };

struct event_source_options {
    struct rabbit_options rabbit;
    const char *exchanges; // with commas between them
    const struct routes *routes;
    uint16_t prefetch;                 // of each queue
    enum rabbit_queue_type queue_type; // of what is to be created
    // Called between the steps of connecting, each of which may wait for the broker.
    void (*between)(void *arg);
    void *arg;
};

struct event_source;
NODISCARD struct event_source *event_source_new(const struct event_source_options *options);
void event_source_free(struct event_source *source);

// One attempt to get (or stay) active. What it is told by the broker it logs when it is new.
NODISCARD enum source_state event_source_join(struct event_source *source);
// Connected, and exchanges, queues and bindings made sure of: what is published now is kept.
bool event_source_connected(const struct event_source *source);

// The next event, within `wait_ms`; valid until the next call. SOURCE_LOST: not active any more,
// and everything that was not acknowledged will be delivered again.
NODISCARD enum source_take event_source_take(struct event_source *source, uint32_t wait_ms,
                                             struct event *out);
// Whether more events came in the same read from the network and can be had without another.
bool event_source_has_more(const struct event_source *source);
// How many events wait in all queues and were not sent to us yet: one question to the broker for
// each queue. 0 when it cannot be asked; losing the connection over it shows at the next take.
uint64_t event_source_count_waiting(struct event_source *source);
// Acknowledges the event with this tag, or everything up to it. Losing the connection over it
// shows at the next take.
void event_source_ack(struct event_source *source, uint64_t tag, bool up_to);

// Gives an event up: RabbitMQ passes it to its queue's dead-letter exchange, or drops it.
void event_source_reject(struct event_source *source, uint64_t tag);

// To be called often while active: makes sure of what is declared, and tries what was left out.
void event_source_tend(struct event_source *source);
// How many routes are left out while active, and the index of the first of them.
size_t event_source_left_out(const struct event_source *source, size_t *first);
// Routes whose queue could not be bound to every exchange.
size_t event_source_refused_bindings(const struct event_source *source);

// While nothing is taken: keeps the connection alive. Cheap enough to be called often.
void event_source_keep_alive(struct event_source *source);
// Gives up the connection and with it being active.
void event_source_leave(struct event_source *source);
