// One connection to RabbitMQ with one channel. The only module that knows rabbitmq-c.
//
// It puts deliveries together from their frames itself, because the library's own call for that
// blocks in the middle of a message without a limit. Every call here returns within its wait or,
// where it must have the broker's answer, within RABBIT_ANSWER_MS. What it holds is bounded: of a
// body over `max_body` only the beginning is kept, whatever its length.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"
#include "relay/resolver.h"

#define RABBIT_CONNECT_MS 700
#define RABBIT_ANSWER_MS  2000
#define RABBIT_REASON_MAX 240

#define RABBIT_EXCERPT_BYTES ((size_t)64 * 1024) // of a body that is over the limit

// Headers of a letter in place of properties that RabbitMQ would act on.
#define RABBIT_ORIGINAL_CC         "x-original-cc"
#define RABBIT_ORIGINAL_EXPIRATION "x-original-expiration"
#define RABBIT_ORIGINAL_USER_ID    "x-original-user-id"
// In place of headers that leave no room for ours: how many bytes they had.
#define RABBIT_HEADERS_DROPPED "x-original-headers-dropped"

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

struct rabbit;

// NULL with the reason in `why` when there is no connection to be had.
NODISCARD struct rabbit *rabbit_open(const struct rabbit_options *options,
                                     char why[RABBIT_REASON_MAX]);
// Says goodbye when the connection still works.
void rabbit_close(struct rabbit *rabbit);
// Makes rabbit_close() go without it: the broker is not expected to answer. NULL is allowed.
void rabbit_abandon(struct rabbit *rabbit);

// Why the last call failed, in the broker's words if it had any, and its code (403, 406, …) or 0.
const char *rabbit_reason(const struct rabbit *rabbit);
int rabbit_code(const struct rabbit *rabbit);

NODISCARD enum rabbit_status rabbit_open_channel(struct rabbit *rabbit);
// What was delivered over it goes back to its queues.
NODISCARD enum rabbit_status rabbit_close_channel(struct rabbit *rabbit);

// What exists is used as it is, whatever its arguments; what is missing is created durable: a
// topic exchange, a queue of `type`. A quorum queue that is `consumed` gets a single active
// consumer, since its exclusive ones are not.
NODISCARD enum rabbit_status rabbit_ensure_exchange(struct rabbit *rabbit, struct span name);
NODISCARD enum rabbit_status rabbit_ensure_queue(struct rabbit *rabbit, const char *name,
                                                 enum rabbit_queue_type type, bool consumed);
NODISCARD enum rabbit_status rabbit_bind(struct rabbit *rabbit, const char *queue,
                                         struct span exchange, const char *routing_key);
// Looks at a queue that is there.
NODISCARD enum rabbit_status rabbit_look(struct rabbit *rabbit, const char *queue,
                                         struct rabbit_queue_state *out);
// Consumes with at most `prefetch` unacknowledged deliveries of each queue.
NODISCARD enum rabbit_status rabbit_set_prefetch(struct rabbit *rabbit, uint16_t prefetch);
// Deliveries that come before the answer are held, up to `max_held_bytes`, and taken first.
NODISCARD enum rabbit_status rabbit_consume(struct rabbit *rabbit, const char *queue,
                                            const char *consumer, bool exclusive,
                                            size_t max_held_bytes);

// What comes next from the broker, within `wait_ms` or little more. A long body may take several
// calls, which return RABBIT_NOTHING until it is whole.
NODISCARD enum rabbit_news rabbit_next(struct rabbit *rabbit, uint32_t wait_ms,
                                       struct rabbit_message *out);
// Whether something was read from the socket already and waits to be taken.
bool rabbit_has_more(struct rabbit *rabbit);
NODISCARD bool rabbit_ack(struct rabbit *rabbit, uint64_t tag, bool multiple);
// Refuses one delivery for good.
NODISCARD bool rabbit_reject(struct rabbit *rabbit, uint64_t tag);
// Tells the broker that we live, while nobody calls rabbit_next().
NODISCARD bool rabbit_send_heartbeat(struct rabbit *rabbit);

NODISCARD enum rabbit_status rabbit_enable_confirms(struct rabbit *rabbit);
// Publishes it persistent, straight to a queue.
NODISCARD bool rabbit_publish_letter(struct rabbit *rabbit, const char *queue,
                                     const struct rabbit_letter *letter);
