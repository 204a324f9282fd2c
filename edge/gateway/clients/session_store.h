// The interface to the store of recoverable sessions.
//
// A session outlives its connection and its edge. It belongs to one generation at a time: a claim
// raises the generation, to the time of the claim at least, and the store refuses what an earlier
// generation still writes. So a claim that the store has lost since has an earlier generation than
// the one that follows it. An
// adapter implements this interface; unit tests give the gateway a fake. The store executes the
// commands of one edge in the order in which they were sent.
#pragma once

#include "common/list.h"
#include "common/span.h"
#include "edge/gateway/delivery/cut.h"

#define SESSION_ID_LEN   22 // 128 random bits
#define RECOVERY_SLACK_S 60 // a session outlives the recovery window by one interval of touches

struct session_store;

enum session_result {
    SESSION_OK = 0,
    SESSION_GONE,  // the store has no session of this id
    SESSION_TAKEN, // the session belongs to another generation
    SESSION_AWAY,  // no answer, or an error: the command may or may not have been executed
};

enum session_claim {
    CLAIM_OK = 0,
    CLAIM_UNKNOWN,
    CLAIM_FOREIGN,   // the session belongs to another user
    CLAIM_KICKED,    // the user was kicked since the session began
    CLAIM_TOO_OFTEN, // the session was claimed too often within a minute
    CLAIM_RESTORED,  // lost and restored only recently, perhaps not with its last state
    CLAIM_AWAY,      // no answer, or an error
};

struct session_key {
    struct span id;
    uint64_t generation;
};

struct session_room {
    struct span name;
    struct cut joined;   // the client gets the room's events above it
    uint64_t granted_ms; // when the join was last authorized, wall clock
    bool by_action;      // a service has let the client in, whatever its token says
    bool entered;        // not stored: it was let in while it was away, and nobody knows yet
};

// A room that an operator has taken the user out of.
struct session_taken {
    struct span name;
    uint64_t at_ms;
};

struct session_record {
    struct session_key key;
    struct span user, socket_id, edge;
    uint64_t created_ms;
    bool left;             // its rooms got `user_left`
    struct span sent;      // the offset that was sent last, "-" if none was; empty: not known
    struct span had;       // the offset of what the edge had delivered then
    struct span stale;     // an offset from before the session, which must not recover it; or empty
    struct position acted; // the newest action of a service that `rooms` reflect; or none
    const struct session_room *rooms;
    size_t room_count;
    const struct session_taken *taken; // since the session began; only of a claim
    size_t taken_count;
    uint32_t noted; // number of the freshness that was written last, which is kept; 0: none
    struct position lost[CUT_SHARDS_MAX]; // by shard: events up to here are missing in the log
};

// "<offset sent last> <offset that the edge has delivered>". If the first is missing, as in
// " <offset>", the stored one is kept, provided that it has the same number. An empty text clears
// what is stored.
struct session_freshness {
    struct span text;
    uint32_t number; // counts the offsets sent last that this generation has written
};

// A pending command. Embedded in the structure that waits for the answer, which must stay in place
// until on_done is called or the request is withdrawn.
struct session_request {
    void *pending; // private to the store; NULL: nothing is pending
    void (*on_done)(struct session_request *request, enum session_result result);
};

// A pending claim. on_claimed borrows `record`, which is set with CLAIM_OK only.
struct session_claiming {
    struct session_request request; // its on_done is set by the store
    void (*on_claimed)(struct session_claiming *claiming, enum session_claim result,
                       const struct session_record *record);
};

// The store copies its arguments. `request` may be NULL if the answer does not matter.
struct session_store_ops {
    bool (*is_up)(const struct session_store *store);
    // Writes a whole session, unless a later generation has it. With `restored` the caller has
    // stored the session before: if the store has lost it, claims of it are refused for a while
    // (CLAIM_RESTORED).
    void (*put)(struct session_store *store, const struct session_record *record, bool restored,
                struct session_request *request);
    void (*join)(struct session_store *store, struct session_key key,
                 const struct session_room *room, struct session_request *request);
    // `acted` as in session_record; none: what the store has stays.
    void (*leave)(struct session_store *store, struct session_key key, struct span room,
                  struct position acted, struct session_request *request);
    // Extends the session's life.
    void (*touch)(struct session_store *store, struct session_key key,
                  struct session_freshness freshness, struct session_request *request);
    // Like touch, at the end of a connection; notes that the rooms get `user_left`.
    void (*end)(struct session_store *store, struct session_key key,
                struct session_freshness freshness, struct session_request *request);
    void (*drop)(struct session_store *store, struct session_key key);
    void (*claim)(struct session_store *store, struct span id, struct span user, uint64_t now_ms,
                  struct session_claiming *claiming);
    // Sends the encoded control message to another edge, if that is alive: it has lost a session.
    void (*take_over)(struct session_store *store, struct span edge, struct span control);
    // Reports that events of the shard up to `position` were delivered and are not in the log any
    // more.
    void (*report_loss)(struct session_store *store, unsigned shard, struct position position);
    // on_done is not called any more. The command may be executed nevertheless.
    void (*withdraw)(struct session_store *store, struct session_request *request);
};

struct session_store {
    const struct session_store_ops *ops;
    // Set before the store is started; called after that of the bus. `may_lack`: the store may lack
    // writes that it has answered.
    void (*on_up)(bool may_lack, void *arg);
    void *arg;
};
