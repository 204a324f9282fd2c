// Claims of sessions, of which so many are put to the store at one time as it answers soon.
//
// When thousands of clients come back together and all are claimed at once, each waits for all of
// them: the answers come when patience is over, and everybody starts afresh. The others wait here
// instead, in the order in which they came. Their number is that of connections at most.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/clients/session_store.h"

#define CLAIMS_AT_ONCE 256

struct claim_queue {
    struct session_store *store;
    struct list waiting; // of struct queued_claim
    uint32_t asked;
    uint64_t answers;
    metric *queued; // how many had to wait
};

// Embedded in who claims.
struct queued_claim {
    struct list node;
    struct session_claiming claiming;
    struct span id, user; // the owner's, until it is answered
    bool asked;           // the store has it
    bool late;            // it was put to the store after it had waited
    uint64_t answers;     // that there were when it was looked at last
};

// `store` may be NULL when nobody will claim.
void claim_queue_init(struct claim_queue *queue, struct session_store *store, metric *queued);
void queued_claim_init(struct queued_claim *claim,
                       void (*on_claimed)(struct session_claiming *claiming,
                                          enum session_claim result,
                                          const struct session_record *record));

// Now or when its turn comes. While the store is away nothing is done: ask again when it is back.
// Borrows id and user.
void claim_queue_ask(struct claim_queue *queue, struct queued_claim *claim, struct span id,
                     struct span user);
// The store is back: those that waited have their turn.
void claim_queue_go_on(struct claim_queue *queue);
// It waits for its turn, or for the store.
bool claim_is_queued(const struct queued_claim *claim);

// To be called first when it was answered, and the next one has its turn.
void claim_queue_done(struct claim_queue *queue, struct queued_claim *claim);
// It is not answered any more.
void claim_queue_forget(struct claim_queue *queue, struct queued_claim *claim);

// For patience that is over: true when it was only the queue that it waited for, and that has moved
// since the last look. Then it begins anew.
bool claim_queue_moves(struct claim_queue *queue, struct queued_claim *claim);
