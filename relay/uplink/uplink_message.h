// An entry of the uplink as it is sent to RabbitMQ: to its exchange, or as a dead letter.
#pragma once

#include "common/clock.h"
#include "common/list.h"
#include "proto/position.h"
#include "proto/uplink.h"
#include "relay/rabbitmq/publisher.h"

struct uplink_item;

// Why an entry is a dead letter.
struct uplink_failure {
    uint64_t failed_ms; // of the wall clock
    char reason[];
};

struct uplink_message {
    struct uplink_item *item;
    struct publication publication;
    char id[POSITION_TEXT_MAX];
    char exchange[UPLINK_NAME_MAX + 1], routing_key[UPLINK_NAME_MAX + 1];
    bool malformed; // the entry lacks a field, or it cannot be sent
    struct span body;
    // Of a dead letter.
    char failed_at[ISO8601_LEN + 1];
    struct rabbit_header headers[5];
    // The outcome on its way to the thread that sends.
    struct list answer_node;
    enum publish_outcome outcome;
    char reason[RABBIT_REASON_MAX];
    char storage[]; // of the body
};

// Copies the entry.
struct uplink_message *uplink_message_new(struct uplink_item *item,
                                          const struct uplink_entry *entry);
void uplink_message_free(struct uplink_message *message);

// Fills in the publication, except on_outcome and arg. With a failure it becomes a dead letter
// for the queue; the failure is borrowed until the outcome.
void uplink_message_address(struct uplink_message *message, const struct uplink_failure *failure,
                            const char *letter_queue);

struct uplink_failure *uplink_failure_new(const char *reason);
