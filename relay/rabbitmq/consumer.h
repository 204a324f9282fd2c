// Consumes the queues of the routes: taking events and acknowledging them.
//
// All queues are consumed exclusively, in the order of the routes and on one channel. So of several
// relays one holds them all and is active; the others are refused and stand by. Quorum queues have
// no exclusive consumers: there the relay checks that nobody consumes before it does, and once more
// before it takes an event.
//
// A queue that the broker does not let the relay consume is left out, logged once, and tried again;
// the others go on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq.h"
#include "relay/routing/event.h"
#include "relay/routing/routes.h"

enum consumer_state {
    CONSUMER_DOWN,    // not connected, or refused by the broker
    CONSUMER_STANDBY, // connected; another relay consumes
    CONSUMER_ACTIVE,
};

enum consumer_take { CONSUMER_EVENT, CONSUMER_NONE, CONSUMER_LOST };

struct consumer_options {
    struct rabbit_options rabbit;
    const char *exchanges; // with commas between them
    const struct routes *routes;
    uint16_t prefetch;                 // of each queue
    enum rabbit_queue_type queue_type; // of what is to be created
    // Called between the steps of connecting, each of which may wait for the broker.
    void (*between)(void *arg);
    void *arg;
};

struct consumer;
NODISCARD struct consumer *consumer_new(const struct consumer_options *options);
void consumer_free(struct consumer *consumer);

// Connected, and exchanges, queues and bindings made sure of: what is published now is kept.
bool consumer_connected(const struct consumer *consumer);

// The next event, within `wait_ms`; valid until the next call. CONSUMER_LOST: not active any more,
// and everything that was not acknowledged will be delivered again.
NODISCARD enum consumer_take consumer_take(struct consumer *consumer, uint32_t wait_ms,
                                           struct event *out);
// Whether more events came in the same read from the network and can be had without another.
bool consumer_has_more(const struct consumer *consumer);
// How many events wait in all queues and were not sent to us yet: one question to the broker for
// each queue. 0 when it cannot be asked; losing the connection over it shows at the next take.
uint64_t consumer_count_waiting(struct consumer *consumer);
// Acknowledges the event with this tag, or everything up to it. Losing the connection over it
// shows at the next take.
void consumer_ack(struct consumer *consumer, uint64_t tag, bool up_to);

// Gives an event up: RabbitMQ passes it to its queue's dead-letter exchange, or drops it.
void consumer_reject(struct consumer *consumer, uint64_t tag);

// To be called often while active: makes sure of what is declared, and tries what was left out.
void consumer_tend(struct consumer *consumer);
// How many routes are left out while active, and the index of the first of them.
size_t consumer_left_out(const struct consumer *consumer, size_t *first);
// Routes whose queue could not be bound to every exchange.
size_t consumer_refused_bindings(const struct consumer *consumer);

// While nothing is taken: keeps the connection alive. Cheap enough to be called often.
void consumer_keep_alive(struct consumer *consumer);
// Gives up the connection and with it being active.
void consumer_leave(struct consumer *consumer);
