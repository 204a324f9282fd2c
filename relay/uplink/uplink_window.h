// The oldest entries of the uplink, in the order of the stream, and what has become of each.
//
// An entry is sent only while no earlier one of its owner is under way: RabbitMQ may refuse an
// entry, and one that was sent behind it would overtake it. Entries of different owners do not wait
// for one another.
#pragma once

#include "common/clock.h"
#include "common/list.h"
#include "proto/position.h"
#include "proto/uplink.h"
#include "relay/rabbitmq/publisher.h"

#define UPLINK_WINDOW_MAX       2048 // entries
#define UPLINK_WINDOW_MAX_BYTES ((size_t)4 * 1024 * 1024)

enum uplink_state {
    UPLINK_WAITING = 0,
    UPLINK_SENT, // the publisher has it
    UPLINK_DONE, // RabbitMQ has it: it can be removed
};

// An entry as a dead letter.
struct uplink_letter {
    char reason[RABBIT_REASON_MAX];
    char failed_at[ISO8601_LEN + 1];
    struct rabbit_header headers[5];
};

struct uplink_item {
    struct list node;
    struct publication publication; // valid while UPLINK_SENT
    enum uplink_state state;
    bool suspect;                 // was sent when RabbitMQ closed the channel, perhaps over it
    bool orphan;                  // left the window while it was sent; its outcome frees it
    struct uplink_letter *letter; // NULL: it is sent to its exchange
    uint64_t retry_ms;            // not sent before
    uint64_t first_ms;            // when it was sent for the first time; 0: it was not
    uint64_t owner;               // hash
    size_t bytes;                 // uplink_entry_bytes()
    char id[POSITION_TEXT_MAX];
    char exchange[UPLINK_NAME_MAX + 1], routing_key[UPLINK_NAME_MAX + 1];
    bool malformed; // the entry lacks a field, or it cannot be sent
    struct span body;
    // The outcome on its way to the thread that sends.
    struct list answer_node;
    enum publish_outcome outcome;
    char reason[RABBIT_REASON_MAX];
    char storage[]; // of the body
};

struct uplink_window {
    struct list items; // the oldest first
    size_t count, bytes;
    char last_id[POSITION_TEXT_MAX]; // of the newest entry that was added, or "0"
};

void uplink_window_init(struct uplink_window *window);
// Frees all items but those that are sent, which become orphans. The next one to be added is the
// head of the stream.
void uplink_window_forget(struct uplink_window *window);

bool uplink_window_full(const struct uplink_window *window);
// Copies the entry, which must be behind all others.
void uplink_window_add(struct uplink_window *window, const struct uplink_entry *entry);
// Unlinks and frees an item.
void uplink_window_drop(struct uplink_window *window, struct uplink_item *item);
void uplink_item_free(struct uplink_item *item);

// Puts the items that may be sent now into `out` and returns how many these are. A suspect is sent
// alone: if RabbitMQ closes the channel again, it is to blame.
size_t uplink_window_ready(const struct uplink_window *window, uint64_t now_ms,
                           struct uplink_item *out[UPLINK_WINDOW_MAX]);

// Makes a dead letter of an item that waits. Keeps the reason of an earlier call.
void uplink_item_condemn(struct uplink_item *item, const char *reason);
