// The struct rabbit: a connection of rabbitmq-c, what has come over it, and why it ended. Private
// to the files of this folder that use rabbitmq-c.
#pragma once

#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/list.h"
#include "relay/rabbitmq/rabbitmq_types.h"

#define CHANNEL 1

// A copy of one of AMQP's short strings, which have 255 bytes at most.
struct short_text {
    uint8_t len;
    char bytes[UINT8_MAX];
};

// A message whose frames are coming in, or that waits in the backlog.
struct incoming {
    struct list node;
    enum rabbit_news kind; // RABBIT_NOTHING: no message
    bool has_header;
    uint64_t tag;
    bool redelivered;
    struct short_text consumer, exchange, routing_key, message_id, traceparent;
    struct buffer properties;
    uint64_t body_size, received; // announced; come so far
    size_t body_kept;             // how many bytes of it are kept
    struct buffer body;
};

struct rabbit {
    amqp_connection_state_t link;
    bool has_tls;
    struct tls_client tls; // if it has
    bool usable;
    bool limits_reads, reads_wait; // a read has a limit of time; and waits for so long by itself
    int code;
    bool refused_unreadable; // the connection is lost because of an event
    char reason[RABBIT_REASON_MAX];
    size_t max_body;
    struct incoming incoming;
    struct list backlog; // complete deliveries that came during rabbit_await()
    size_t backlog_bytes;
    struct incoming *given; // the one of them that rabbit_next() has returned last
};

struct span rabbit_span(amqp_bytes_t bytes);
amqp_bytes_t rabbit_bytes(struct span span);
struct timeval rabbit_timeval(uint32_t ms);

// Table entries. They borrow key and text.
amqp_table_entry_t rabbit_text_entry(const char *key, struct span text);
amqp_table_entry_t rabbit_true_entry(const char *key);

// Marks the connection as unusable and keeps the reason. Returns false.
bool rabbit_lose(struct rabbit *rabbit, const char *reason);
// The same with a status of rabbitmq-c as the reason.
bool rabbit_lose_by(struct rabbit *rabbit, int status);
// Answers a close of the channel or the connection and keeps its reason. Returns RABBIT_REFUSED if
// only the channel was closed and the answer was sent, else RABBIT_LOST.
enum rabbit_status rabbit_take_close(struct rabbit *rabbit, const amqp_method_t *method);
// Turns the reply of a library call into a status, and keeps the reason of a failure.
NODISCARD enum rabbit_status rabbit_check_reply(struct rabbit *rabbit, amqp_rpc_reply_t reply);
// The same for the last library call that waited for a reply.
NODISCARD enum rabbit_status rabbit_answer(struct rabbit *rabbit);
