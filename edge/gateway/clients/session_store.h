// Where recoverable sessions are kept, as the gateway sees it.
//
// A session outlives its connection and its edge. It belongs to one generation at a time: claiming
// raises it, and what an earlier one still writes is refused. An adapter implements this; unit
// tests give the gateway a fake. Commands of one edge are carried out in the order of their
// sending.
#pragma once

#include "common/list.h"
#include "common/span.h"
#include "edge/gateway/delivery/offset.h"

#define SESSION_ID_LEN   22 // 128 random bits
#define RECOVERY_SLACK_S 60 // that a session lives longer than clients may be away: a touch

struct session_store;

enum session_result {
    SESSION_OK = 0,
    SESSION_GONE,  // there is none of that name
    SESSION_TAKEN, // it belongs to another generation
    SESSION_AWAY,  // the store was lost before it answered: done or not, nobody knows
};

enum session_claim {
    CLAIM_OK = 0,
    CLAIM_UNKNOWN,
    CLAIM_FOREIGN,   // of another user
    CLAIM_KICKED,    // its user was kicked since it began
    CLAIM_TOO_OFTEN, // claimed again and again
    CLAIM_RESTORED,  // the store had lost it, and it is not sure that this is its last state
    CLAIM_AWAY,
};

struct session_key {
    struct span id;
    uint32_t generation;
};

struct session_room {
    struct span name;
    struct position joined;
    uint64_t granted_ms;
};

struct session_record {
    struct session_key key;
    struct span user, socket_id, edge;
    uint64_t created_ms;
    bool left;        // the others were told that it left
    struct span sent; // the offset that was sent last, "-" when none was; empty: not known
    struct span had;  // what the edge had delivered then
    struct span stale;
    const struct session_room *rooms;
    size_t room_count;
    struct position lost[OFFSET_SHARDS_MAX]; // by shard: events up to here are missing in the log
};

// Who waits for an answer; embedded. It must stay where it is until the answer came, or it was
// withdrawn.
struct session_request {
    void *pending; // the store's; NULL: nothing is under way
    void (*on_done)(struct session_request *request, enum session_result result);
};

// The record is borrowed until return; it means something with CLAIM_OK alone.
struct session_claiming {
    struct session_request request; // on_done is the store's
    void (*on_claimed)(struct session_claiming *claiming, enum session_claim result,
                       const struct session_record *record);
};

// Everything is copied. `request` may be NULL: nobody wants to hear.
struct session_store_ops {
    bool (*is_up)(const struct session_store *store);
    // Writes a whole session, unless a later generation has it. One that was there and is missing
    // is `restored`.
    void (*put)(struct session_store *store, const struct session_record *record, bool restored,
                struct session_request *request);
    void (*join)(struct session_store *store, struct session_key key,
                 const struct session_room *room, struct session_request *request);
    void (*leave)(struct session_store *store, struct session_key key, struct span room,
                  struct session_request *request);
    // `freshness` is "<offset sent last> <offset of what the edge has>"; with nothing in front of
    // the blank what is there is kept, and an empty one clears it.
    void (*touch)(struct session_store *store, struct session_key key, struct span freshness,
                  struct session_request *request);
    // The same at the end of a connection whose rooms are about to hear of it.
    void (*end)(struct session_store *store, struct session_key key, struct span freshness,
                struct session_request *request);
    void (*drop)(struct session_store *store, struct session_key key);
    void (*claim)(struct session_store *store, struct span id, struct span user, uint64_t now_ms,
                  struct session_claiming *claiming);
    // Tells another edge, if it lives, that a session of its is no longer its own.
    void (*take_over)(struct session_store *store, struct span edge, struct span control);
    // Events of the shard up to here were delivered and are no longer in the log.
    void (*report_loss)(struct session_store *store, unsigned shard, struct position position);
    // The request gets no answer any more. What it asked for may be done nevertheless.
    void (*withdraw)(struct session_store *store, struct session_request *request);
};

struct session_store {
    const struct session_store_ops *ops;
    void (*on_up)(void *arg); // set before the store is started; the bus is told first
    void *arg;
};
