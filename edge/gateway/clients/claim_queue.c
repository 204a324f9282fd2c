#include "edge/gateway/clients/claim_queue.h"

#include "common/clock.h"

void claim_queue_init(struct claim_queue *queue, struct session_store *store, metric *queued)
{
    *queue = (struct claim_queue){.store = store, .queued = queued};
    list_init(&queue->waiting);
}

void queued_claim_init(struct queued_claim *claim,
                       void (*on_claimed)(struct session_claiming *claiming,
                                          enum session_claim result,
                                          const struct session_record *record))
{
    *claim = (struct queued_claim){.claiming.on_claimed = on_claimed};
    list_init(&claim->node);
}

static void ask_store(struct claim_queue *queue, struct queued_claim *claim)
{
    claim->asked = true;
    queue->asked++;
    queue->store->ops->claim(queue->store, claim->id, claim->user, clock_wall_ms(),
                             &claim->claiming);
}

void claim_queue_go_on(struct claim_queue *queue)
{
    while (!queue->held && queue->asked < CLAIMS_AT_ONCE && !list_empty(&queue->waiting) &&
           queue->store->ops->is_up(queue->store)) {
        struct queued_claim *claim = list_entry(queue->waiting.next, struct queued_claim, node);
        list_unlink(&claim->node);
        claim->late = true;
        ask_store(queue, claim);
    }
}

void claim_queue_hold(struct claim_queue *queue)
{
    queue->held = true;
}

void claim_queue_release(struct claim_queue *queue)
{
    queue->held = false;
    claim_queue_go_on(queue);
}

void claim_queue_ask(struct claim_queue *queue, struct queued_claim *claim, struct span id,
                     struct span user)
{
    claim->id = id;
    claim->user = user;
    claim->answers = queue->answers;
    if (!queue->store->ops->is_up(queue->store))
        return;
    if (!queue->held && queue->asked < CLAIMS_AT_ONCE && list_empty(&queue->waiting)) {
        ask_store(queue, claim);
        return;
    }
    list_append(&queue->waiting, &claim->node);
    metric_add(queue->queued, 1);
}

bool claim_is_queued(const struct queued_claim *claim)
{
    return claim->asked || !list_empty(&claim->node);
}

static void release_place(struct claim_queue *queue, struct queued_claim *claim)
{
    if (!claim->asked)
        return;
    claim->asked = false;
    queue->asked--;
    claim_queue_go_on(queue);
}

void claim_queue_done(struct claim_queue *queue, struct queued_claim *claim)
{
    queue->answers++;
    release_place(queue, claim);
}

void claim_queue_forget(struct claim_queue *queue, struct queued_claim *claim)
{
    list_unlink(&claim->node);
    if (queue->store)
        queue->store->ops->withdraw(queue->store, &claim->claiming.request);
    release_place(queue, claim);
}

bool claim_queue_moves(struct claim_queue *queue, struct queued_claim *claim)
{
    bool waits = !list_empty(&claim->node) && (queue->held || queue->answers != claim->answers);
    bool moves = waits || (claim->asked && claim->late);

    claim->answers = queue->answers;
    claim->late = false;
    return moves;
}
