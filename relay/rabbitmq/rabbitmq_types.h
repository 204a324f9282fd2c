// The plain structs and enums that the calls of this folder take and return.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"
#include "common/tls_client.h"
#include "relay/rabbitmq/hosts.h"

#define RABBIT_CONNECT_MS 700
#define RABBIT_ANSWER_MS  2000
#define RABBIT_REASON_MAX 240

#define RABBIT_EXCERPT_BYTES ((size_t)64 * 1024) // kept of a body that is over the limit

struct rabbit_options {
    struct rabbit_hosts *hosts; // whose current one is dialled
    struct tls_store *tls;      // NULL: plain text
    const char *user, *password, *vhost;
    const char *name; // shown by RabbitMQ's management
    int heartbeat_s;  // 0: none
    size_t max_body;  // of a delivery that is kept whole
};

enum rabbit_status {
    RABBIT_OK,
    RABBIT_REFUSED,  // the broker closed the channel; rabbit_open_channel() opens another
    RABBIT_LOST,     // the connection is of no use any more
    RABBIT_TOO_MUCH, // too large deliveries came before the answer: close
};

enum rabbit_queue_type { RABBIT_CLASSIC, RABBIT_QUORUM };

struct rabbit_queue_state {
    uint32_t waiting;   // messages that were not sent to a consumer
    uint32_t consumers; // with a single active consumer only that one counts
};

enum rabbit_news {
    RABBIT_NOTHING, // the wait is over
    RABBIT_DELIVERY,
    RABBIT_CONFIRMED, // the publication `tag`, or with `multiple` all up to it, are safe
    RABBIT_REJECTED,  // the same publications were refused by the queue
    RABBIT_RETURNED,  // a publication is not safe: its queue does not exist
    RABBIT_BLOCKED,   // the broker is short of memory or disk and reads no more publications
    RABBIT_UNBLOCKED,
    RABBIT_CANCELLED, // a consumer has ended: its queue is gone
    RABBIT_GONE,      // the connection or the channel is closed
};

// Views are valid until the next rabbit_next().
struct rabbit_message {
    uint64_t tag;
    bool multiple;
    bool redelivered;
    struct span consumer, exchange, routing_key;
    struct span message_id, traceparent;
    struct span properties; // all of them, encoded as they came
    struct span body;       // only the first RABBIT_EXCERPT_BYTES if it is over the limit
    uint64_t body_size;     // as published
};

struct rabbit_header {
    const char *name;
    struct span text;
    bool is_number;
    uint64_t number;
};

// A message that is published as a dead letter, with its own properties and headers.
struct rabbit_letter {
    struct span properties, body;
    const struct rabbit_header *headers; // in front of its own; up to 8
    size_t header_count;
};

struct rabbit_event {
    const char *routing_key;
    const char *message_id;
    struct span traceparent;             // or empty; without headers
    const struct rabbit_header *headers; // up to 8; or NULL
    size_t header_count;
    struct span body;
};
