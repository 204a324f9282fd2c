// Consumes the queues of the routes: takes events and acknowledges them.
//
// All queues are consumed exclusively, on one channel and in the order of the routes. So of several
// relays one holds all queues and is active; the others are refused and stand by. Quorum queues
// have no exclusive consumers: there the relay checks that nobody else consumes, before it does and
// again before it takes an event (decision 008).
//
// A queue that RabbitMQ does not let the relay consume is left out, logged once, and tried again.
// The other queues are not affected.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/gateway_file/routes.h"
#include "relay/rabbitmq/rabbitmq.h"
#include "relay/routing/event.h"

enum consumer_state {
    CONSUMER_DOWN,      // not connected, or refused by the broker
    CONSUMER_ELSEWHERE, // the same, but the next host has not been tried yet
    CONSUMER_STANDBY,   // connected; another relay consumes
    CONSUMER_ACTIVE,
};

enum consumer_take { CONSUMER_EVENT, CONSUMER_NONE, CONSUMER_LOST };

struct consumer_options {
    struct rabbit_options rabbit;
    const char *exchanges; // names, separated by commas
    const struct routes *routes;
    uint16_t prefetch;                 // of each queue
    enum rabbit_queue_type queue_type; // of queues that are created
    // Called between the steps of connecting, for work that must not wait: each step may wait for
    // RabbitMQ.
    void (*between)(void *arg);
    void (*on_unreadable)(void *arg); // an event could not be read, and was refused for good
    void *arg;
};

struct consumer;
NODISCARD struct consumer *consumer_new(const struct consumer_options *options);
void consumer_free(struct consumer *consumer);

// True if connected and exchanges, queues and bindings were checked: RabbitMQ keeps what is
// published now.
bool consumer_connected(const struct consumer *consumer);

// Waits up to `wait_ms` for the next event, which is valid until the next call. CONSUMER_LOST: the
// consumer is not active any more, and RabbitMQ will deliver again what was not acknowledged.
NODISCARD enum consumer_take consumer_take(struct consumer *consumer, uint32_t wait_ms,
                                           struct event *out);
// True if events can be taken without another read from the network.
bool consumer_has_more(const struct consumer *consumer);
// Asks RabbitMQ how many events wait in the queues and were not delivered to a consumer: one
// request for each queue. Uses the connection of the declarations. A queue that cannot be asked
// counts as empty.
uint64_t consumer_count_waiting(struct consumer *consumer);
// How many deliveries of a queue may be unacknowledged: fewer than the options say while large
// events wait.
uint16_t consumer_prefetch(const struct consumer *consumer);
// Acknowledges the delivery `tag` or, with `up_to`, all deliveries up to it. If that loses the
// connection, the next consumer_take() says so.
void consumer_ack(struct consumer *consumer, uint64_t tag, bool up_to);

// Rejects an event for good: RabbitMQ passes it to its queue's dead-letter exchange, if any, or
// drops it.
void consumer_reject(struct consumer *consumer, uint64_t tag);

// Call it in each turn while active: checks the declarations, and tries the routes that are left
// out.
void consumer_tend(struct consumer *consumer);
// How many routes are left out while active. `first` gets the index of the first of them, if any.
size_t consumer_left_out(const struct consumer *consumer, size_t *first);
// How many routes have a queue that could not be bound to every exchange.
size_t consumer_refused_bindings(const struct consumer *consumer);

// Sends a heartbeat if nothing was sent for 2 s. Call it often while no events are taken.
void consumer_keep_alive(struct consumer *consumer);
// Closes the connections, so that another relay can become active.
void consumer_leave(struct consumer *consumer);
