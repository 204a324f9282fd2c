// What taking events and coming to hold their queues share. For event_source*.c alone.
#pragma once

#include "relay/event_source.h"
#include "relay/outage.h"
#include "relay/topology.h"

#define RETRY_REFUSED_MS 30000

// How the queue of a route is consumed.
struct intake {
    bool consumed;
    bool shared;  // it cannot be exclusive: its kind does not allow it
    bool refused; // left out until the broker lets us
    struct outage fault;
};

struct event_source {
    struct event_source_options options;
    struct topology *topology;
    struct rabbit *rabbit;  // consumes; NULL: not connected
    struct intake *intakes; // by route
    bool active;
    uint16_t prefetch; // asked of RabbitMQ at present; less than the option where events are large
    bool told_standby;
    uint64_t away_until_ms;    // left to others
    uint64_t retry_refused_ms; // not before
    uint64_t alive_ms;         // when the broker last heard of us for sure
    struct outage outage;
};

const char *source_queue(const struct event_source *source, size_t route);
// Lets go of the queues; what is not acknowledged goes back to them.
void source_release(struct event_source *source);
void source_disconnect(struct event_source *source);
// The same, and tells why the connection is of no use any more.
void source_lose(struct event_source *source);

NODISCARD enum rabbit_status source_consume(struct event_source *source, size_t route);
