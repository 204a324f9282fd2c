// What the files that speak AMQP take and return, as plain structs.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/resolver.h"
#include "common/span.h"

#define RABBIT_CONNECT_MS 700
#define RABBIT_ANSWER_MS  2000
#define RABBIT_REASON_MAX 240

#define RABBIT_EXCERPT_BYTES ((size_t)64 * 1024) // of a body that is over the limit

struct rabbit_options {
    struct resolver *resolver; // of the host
    int port;
    const char *user, *password, *vhost;
    const char *name; // what the broker's management shows
    int heartbeat_s;  // 0: none
    size_t max_body;  // of a delivery
};

enum rabbit_status {
    RABBIT_OK,
    RABBIT_REFUSED,  // the broker closed the channel; rabbit_open_channel() opens another
    RABBIT_LOST,     // the connection is of no use any more
    RABBIT_TOO_MUCH, // more was delivered before the answer than may be held; close
};

enum rabbit_queue_type { RABBIT_CLASSIC, RABBIT_QUORUM };

struct rabbit_queue_state {
    uint32_t waiting;   // messages; those sent to a consumer do not count
    uint32_t consumers; // of a quorum queue with a single active consumer only that one
};

enum rabbit_news {
    RABBIT_NOTHING, // the wait is over
    RABBIT_DELIVERY,
    RABBIT_CONFIRMED, // publications up to (`multiple`) or with this `tag` are safe
    RABBIT_REJECTED,  // the same, refused by the queue
    RABBIT_RETURNED,  // a publication is not safe: there is no such queue
    RABBIT_BLOCKED,   // the broker is short of memory or disk and reads no more publications
    RABBIT_UNBLOCKED,
    RABBIT_CANCELLED, // a consumer's queue is gone
    RABBIT_GONE,      // the connection or the channel is closed
};

// Views are valid until the next call.
struct rabbit_message {
    uint64_t tag;
    bool multiple;
    bool redelivered;
    struct span consumer, exchange, routing_key;
    struct span message_id, traceparent;
    struct span properties; // all of them, as they are on the wire
    struct span body;       // of one over the limit the first RABBIT_EXCERPT_BYTES
    uint64_t body_size;     // as published
};

struct rabbit_header {
    const char *name;
    struct span text;
    bool is_number;
    uint64_t number;
};

// A message published again: its properties and its own headers go along.
struct rabbit_letter {
    struct span properties, body;
    const struct rabbit_header *headers; // come first; up to 8
    size_t header_count;
};
