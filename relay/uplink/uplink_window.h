// The entries of the uplink that this relay knows of, and whose turn it is.
//
// An entry is sent only while no earlier one of its owner is under way: RabbitMQ may refuse an
// entry, and one that was sent behind it would overtake it. Entries of different owners do not wait
// for one another: an entry that waits takes a hundred bytes or so, so that the window reaches past
// any backlog. Its message, which may be large, is there only while it is about to be sent or under
// way, and is read from the stream again otherwise.
//
// An owner goes through these lists with its oldest entry:
//
//     later ──> ready ──> under way ──> gone, or the next entry is its oldest
//       ^       loaded        │
//       │       suspects <────┤ RabbitMQ has closed the channel, perhaps over it
//       └─────────────────────┘ it is not taken yet
#pragma once

#include "common/list.h"
#include "proto/position.h"
#include "proto/uplink.h"
#include "relay/uplink/uplink_message.h"

#define UPLINK_WINDOW_MAX         131072 // entries: about 32 MB if all owners are different
#define UPLINK_MESSAGES_MAX       2048
#define UPLINK_MESSAGES_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define UPLINK_TAKE_MAX           64

enum uplink_state {
    UPLINK_WAITING = 0,
    UPLINK_TAKEN, // about to be sent
    UPLINK_SENT,  // the publisher has it
    UPLINK_DONE,  // RabbitMQ has it: it can be removed
};

struct uplink_owner;

struct uplink_item {
    struct list node;               // of the window
    struct list turn_node;          // of its owner, or of those that are done
    struct uplink_owner *owner;     // NULL: it is done, or an orphan
    struct uplink_message *message; // NULL: it has to be read
    struct uplink_failure *failure; // NULL: it is sent to its exchange, else as a dead letter
    struct position id;
    uint64_t retry_ms;   // not sent before; 0: when it is its turn
    uint64_t refused_ms; // when a queue refused it first; 0: none did
    uint64_t sent_ms;
    uint64_t silent_ms; // for how long it was sent while RabbitMQ confirmed nothing
    size_t bytes;       // uplink_entry_bytes()
    enum uplink_state state;
    bool suspect; // was sent when RabbitMQ closed the channel, perhaps over it
    bool alone;   // was taken as a suspect
    bool orphan;  // left the window while it was sent; its outcome frees it
    bool counted; // among the messages
};

struct uplink_window {
    struct list items;                          // in the order of the stream
    struct list done;                           // items
    struct list suspects, loaded, ready, later; // owners
    struct uplink_owner *owners;                // hash table
    size_t count;
    size_t messages, message_bytes; // those of orphans too
    size_t under_way;               // orphans too
    bool alone;                     // a suspect is under way
    uint64_t looked_ms;             // for what is due
    struct position last_id;        // of the newest entry that was added
};

void uplink_window_init(struct uplink_window *window);
// Frees all items but those that are sent, which become orphans. The next one to be added is the
// head of the stream.
void uplink_window_forget(struct uplink_window *window);

bool uplink_window_full(const struct uplink_window *window);
// Whether there is no room for one more message.
bool uplink_window_is_busy(const struct uplink_window *window);

// Adds an entry, which must be behind all others. Copies it if it is its owner's oldest and there
// is room for its message.
void uplink_window_add(struct uplink_window *window, const struct uplink_entry *entry);

// Takes the items whose turn it is, up to UPLINK_TAKE_MAX and as many as there is room for, and
// returns how many these are. Those without a message have to be loaded or dropped. A suspect is
// sent alone: if RabbitMQ closes the channel again, it is to blame.
size_t uplink_window_take(struct uplink_window *window, uint64_t now_ms,
                          struct uplink_item *out[UPLINK_TAKE_MAX]);
// Copies the entry of an item that was taken.
void uplink_window_load(struct uplink_item *item, const struct uplink_entry *entry);

// What becomes of an item that was taken. It is sent again, at `retry_ms`, or 0: at once.
void uplink_window_retry(struct uplink_window *window, struct uplink_item *item, uint64_t retry_ms);
// It can be removed from the stream. The next one of its owner may be sent.
void uplink_window_done(struct uplink_window *window, struct uplink_item *item);
// Frees an item that is taken, done or an orphan.
void uplink_window_drop(struct uplink_window *window, struct uplink_item *item);
