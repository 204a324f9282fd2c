// One connection of rabbitmq-c, what has come over it so far, and why it ended. Private to the
// files of this folder that speak AMQP.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/list.h"
#include "relay/rabbitmq/rabbitmq_types.h"

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

// Entries of tables; borrow their key and text.
amqp_table_entry_t rabbit_text_entry(const char *key, struct span text);
amqp_table_entry_t rabbit_true_entry(const char *key);

// The connection is of no use any more. Returns false.
bool rabbit_lose(struct rabbit *rabbit, const char *reason);
bool rabbit_lose_by(struct rabbit *rabbit, int status);
// A close that the broker sent: keeps its reason and answers it.
enum rabbit_status rabbit_take_close(struct rabbit *rabbit, const amqp_method_t *method);
// What the broker's reply to a call of the library means.
NODISCARD enum rabbit_status rabbit_check_reply(struct rabbit *rabbit, amqp_rpc_reply_t reply);
// The same for the last call of the library that waited for one.
NODISCARD enum rabbit_status rabbit_answer(struct rabbit *rabbit);
