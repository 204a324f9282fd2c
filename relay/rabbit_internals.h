// What the files that talk to RabbitMQ share. For relay/rabbit*.c alone.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include "common/buffer.h"
#include "common/list.h"
#include "relay/rabbit.h"

#define CHANNEL 1

struct short_text {
    uint8_t len;
    char bytes[UINT8_MAX];
};

// A message whose frames are still coming in, or that waits to be taken.
struct incoming {
    struct list node;
    enum rabbit_news kind; // RABBIT_NOTHING: none is
    bool has_header;
    uint64_t tag;
    bool redelivered;
    struct short_text consumer, exchange, routing_key, message_id, traceparent;
    struct buffer properties;
    uint64_t body_size, received; // announced; come so far
    size_t body_kept;             // how much of it is collected
    struct buffer body;
};

struct rabbit {
    amqp_connection_state_t link;
    bool usable;
    int code;
    char reason[RABBIT_REASON_MAX];
    size_t max_body;
    struct incoming incoming;
    struct list held; // came while something else was waited for
    size_t held_bytes;
    struct incoming *given; // the one of them that was taken last
};

struct span rabbit_span(amqp_bytes_t bytes);
amqp_bytes_t rabbit_bytes(struct span span);
struct timeval rabbit_timeval(uint32_t ms);

// The connection is of no use any more. Returns false.
bool rabbit_lose(struct rabbit *rabbit, const char *reason);
bool rabbit_lose_by(struct rabbit *rabbit, int status);
// A close that the broker sent: keeps its reason and answers it.
enum rabbit_status rabbit_take_close(struct rabbit *rabbit, const amqp_method_t *method);
// The answer to the last call of the library's that waited for one.
NODISCARD enum rabbit_status rabbit_answer(struct rabbit *rabbit);

// Waits for the method `id` and holds back the deliveries that come before it: the library's own
// calls keep their frames, however many and however large. Without `hold` they are dropped.
NODISCARD enum rabbit_status rabbit_await(struct rabbit *rabbit, amqp_method_number_t id, bool hold,
                                          size_t max_held_bytes);
// Forgets what came in, whole or not.
void rabbit_drop_incoming(struct rabbit *rabbit);
