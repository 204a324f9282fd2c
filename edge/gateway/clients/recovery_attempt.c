#define LOG_MODULE "recovery"

#include "edge/gateway/clients/recovery_attempt.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/clients/client.h"
#include "edge/socketio/middleware.h"

struct recovery_attempt *recovery_attempt_new(struct recovery *recovery, struct client *client)
{
    struct recovery_attempt *attempt = mem_zalloc(sizeof(*attempt));

    attempt->recovery = recovery;
    attempt->client = client;
    list_init(&attempt->node);
    deadline_init(&attempt->timeout);
    deadline_init(&attempt->retry);
    client->attempt = attempt;
    return attempt;
}

void recovery_attempt_free(struct recovery_attempt *attempt)
{
    if (!attempt)
        return;
    recovery_attempt_settle(attempt);
    attempt->client->attempt = NULL;
    replay_fini(&attempt->replay);
    buffer_fini(&attempt->ended);
    recovery_request_fini(&attempt->request);
    claimed_session_fini(&attempt->session);
    free(attempt);
}

void recovery_attempt_wait(struct recovery_attempt *attempt)
{
    struct recovery *recovery = attempt->recovery;
    struct span socket_id = buffer_span(&attempt->session.socket_id);

    if (attempt->waits)
        return;
    recovery_attempt_overtake(recovery, socket_id, attempt->session.key.generation);
    HASH_ADD_KEYPTR(hh, recovery->waiting, socket_id.ptr, socket_id.len, attempt);
    attempt->waits = true;
}

void recovery_attempt_overtake(struct recovery *recovery, struct span socket_id,
                               uint64_t generation)
{
    struct recovery_attempt *attempt;

    HASH_FIND(hh, recovery->waiting, socket_id.ptr, socket_id.len, attempt);
    if (attempt && attempt->session.key.generation < generation)
        recovery_attempt_refuse(attempt, RECOVERY_OVERTAKEN);
}

struct cut recovery_attempt_start(const struct recovery_attempt *attempt, const struct cut *joined)
{
    struct cut start = attempt->start;

    cut_raise(&start, joined);
    return start;
}

void recovery_each_attempt_of(struct recovery *recovery, struct span user,
                              void (*visit)(struct recovery_attempt *attempt, void *arg), void *arg)
{
    list_for_each (node, &recovery->attempts) {
        struct recovery_attempt *attempt = list_entry(node, struct recovery_attempt, node);
        if (span_eq(attempt->client->identity->user, user))
            visit(attempt, arg);
    }
}

bool recovery_attempt_leave(struct recovery_attempt *attempt, struct span room)
{
    struct session_store *store = recovery_store(attempt->recovery);
    bool leaves = claimed_session_drop_room(&attempt->session, room);

    if (!attempt->claimed) {
        recovery_attempt_refuse(attempt, RECOVERY_KICKED);
        return true;
    }
    if (leaves)
        store->ops->leave(store, attempt->session.key, room, (struct position){0}, NULL);
    return leaves;
}

void recovery_attempt_settle(struct recovery_attempt *attempt)
{
    struct recovery *recovery = attempt->recovery;

    deadline_cancel(&attempt->timeout);
    deadline_cancel(&attempt->retry);
    list_unlink(&attempt->node);
    if (attempt->waits)
        HASH_DEL(recovery->waiting, attempt);
    attempt->waits = false;
    claim_queue_forget(&recovery->claims, &attempt->claim);
}

// A claimed session that cannot be recovered is dropped: its client gets a fresh one and will not
// ask for the old one again. An overtaken one belongs to another connection, which may use it.
void recovery_attempt_refuse(struct recovery_attempt *attempt, enum recovery_result why)
{
    struct session_store *store = recovery_store(attempt->recovery);
    struct sio_socket *socket = attempt->client->socket;

    metric_add(&attempt->recovery->metrics->recoveries[why], 1);
    log_debug("session not recovered socket=%s result=%d", sio_socket_id(socket), (int)why);
    recovery_attempt_settle(attempt);
    if (attempt->claimed && why != RECOVERY_OVERTAKEN)
        store->ops->drop(store, attempt->session.key);
    sio_socket_next(socket);
}
