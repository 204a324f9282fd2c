// Limits how many claims of sessions are sent to the store at one time.
//
// If thousands of clients come back together and all claims are sent at once, each client waits for
// all claims: the answers come after RECOVERY_WAIT_MS, and every client gets a fresh session.
// Instead CLAIMS_AT_ONCE are sent, and the others wait here in the order of arrival. The queue is
// bounded by the number of connections.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/clients/session_store.h"

#define CLAIMS_AT_ONCE 256

struct claim_queue {
    struct session_store *store;
    struct list waiting; // of struct queued_claim
    uint32_t asked;      // claims that were sent and have no answer yet
    bool held;           // none is sent
    uint64_t answers;    // received so far
    metric *queued;      // counts claims that had to wait
};

// Embedded in the structure that claims.
struct queued_claim {
    struct list node;
    struct session_claiming claiming;
    struct span id, user; // borrowed until the claim is answered or forgotten
    bool asked;           // sent to the store, no answer yet
    bool late;            // sent after waiting, and its timeout has not expired since
    uint64_t answers;     // queue->answers when claim_queue_moves() last looked
};

// `store` may be NULL if recovery is off; then no claim may be asked for.
void claim_queue_init(struct claim_queue *queue, struct session_store *store, metric *queued);
void queued_claim_init(struct queued_claim *claim,
                       void (*on_claimed)(struct session_claiming *claiming,
                                          enum session_claim result,
                                          const struct session_record *record));

// Sends the claim, or queues it until it is its turn. Does nothing while the store is down: ask
// again when it is back. Borrows `id` and `user`.
void claim_queue_ask(struct claim_queue *queue, struct queued_claim *claim, struct span id,
                     struct span user);
// From now on claims wait, until they are released.
void claim_queue_hold(struct claim_queue *queue);
void claim_queue_release(struct claim_queue *queue);
// Sends as many waiting claims as may be sent. Call when the store is back.
void claim_queue_go_on(struct claim_queue *queue);
// True if the claim waits for its turn or for the store's answer.
bool claim_is_queued(const struct queued_claim *claim);

// Counts the answer and sends the next waiting claim. Call first in on_claimed.
void claim_queue_done(struct claim_queue *queue, struct queued_claim *claim);
// Withdraws the claim: on_claimed is not called any more.
void claim_queue_forget(struct claim_queue *queue, struct queued_claim *claim);

// Call when the claim's timeout expires: true if it may wait for another one. That is so if the
// claim still waits for its turn while the queue is held or others were answered since the last
// call, or was sent only after it had waited.
bool claim_queue_moves(struct claim_queue *queue, struct queued_claim *claim);
