#include "edge/gateway/clients/recovery.h"

#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/resume_point.h"
#include "edge/gateway/clients/session_takeover.h"
#include "edge/gateway/delivery/offset.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/socketio/middleware.h"

#define RETRY_MS 20

// Takes the rooms that the new token does not list, or the gateway's file does not have, out of the
// session, here and in the store.
static void drop_unlisted(struct recovery_attempt *attempt)
{
    const struct recovery *recovery = attempt->recovery;
    struct session_store *store = recovery_store(recovery);
    struct claimed_session *session = &attempt->session;
    size_t kept = 0;

    for (size_t i = 0; i < session->room_count; i++) {
        struct session_room room = session->rooms[i];
        if (room_name_is_user(room.name) ||
            authorization_may_stay(recovery->authorization, attempt->client->identity, room.name,
                                   room.by_action))
            session->rooms[kept++] = room;
        else
            store->ops->leave(store, session->key, room.name, (struct position){0}, NULL);
    }
    session->room_count = kept;
}

// Called when the session was claimed, and every RETRY_MS until this edge is far enough. The order
// matters: whether the events are remembered is known only once the edge has come past the client.
static void proceed(struct recovery_attempt *attempt)
{
    if (resume_point_is_ahead(attempt)) {
        recovery_attempt_wait(attempt);
        deadline_arm(&attempt->retry, &attempt->recovery->retries);
        return;
    }
    if (!resume_point_is_remembered(attempt)) {
        recovery_attempt_refuse(attempt, RECOVERY_REACH);
        return;
    }
    drop_unlisted(attempt); // again: the file may have been replaced while the attempt waited
    enum recovery_result made = resume_point_make_replay(attempt);
    if (made != RECOVERY_DONE) {
        recovery_attempt_refuse(attempt, made);
        return;
    }
    recovery_attempt_settle(attempt);
    attempt->ready = true;
    sio_socket_next(attempt->client->socket);
}

static void on_retry(struct deadline *deadline, void *arg)
{
    (void)arg;
    proceed(container_of(deadline, struct recovery_attempt, retry));
}

static void on_timeout(struct deadline *deadline, void *arg)
{
    struct recovery_attempt *attempt = container_of(deadline, struct recovery_attempt, timeout);
    struct recovery *recovery = arg;

    if (claim_queue_moves(&recovery->claims, &attempt->claim))
        deadline_arm(deadline, &recovery->timeouts);
    else
        recovery_attempt_refuse(attempt, attempt->claimed ? RECOVERY_AHEAD : RECOVERY_AWAY);
}

static enum recovery_result result_of(enum session_claim claim)
{
    static const enum recovery_result results[] = {
        [CLAIM_UNKNOWN] = RECOVERY_UNKNOWN,   [CLAIM_FOREIGN] = RECOVERY_FOREIGN,
        [CLAIM_KICKED] = RECOVERY_KICKED,     [CLAIM_TOO_OFTEN] = RECOVERY_TOO_OFTEN,
        [CLAIM_RESTORED] = RECOVERY_RESTORED,
    };

    return results[claim];
}

// True if the offset is the one that the record names as not of this session.
static bool is_stale(const struct recovery_attempt *attempt, const struct session_record *record)
{
    const struct recovery_request *request = &attempt->request;
    struct cut stale;

    return request->offset_good && offset_parse(record->stale, request->cut.shards, &stale) &&
           cut_eq(&request->cut, &stale);
}

// Takeover comes before the checks of the offset: whatever they find, the session is this
// connection's now, so the one that had it must end.
static void on_claimed(struct session_claiming *claiming, enum session_claim result,
                       const struct session_record *record)
{
    struct recovery_attempt *attempt =
        container_of(claiming, struct recovery_attempt, claim.claiming);
    const struct recovery_request *request = &attempt->request;

    claim_queue_done(&attempt->recovery->claims, &attempt->claim);
    if (result == CLAIM_AWAY)
        return; // recovery_on_up() claims again, if the store is back before the timeout
    if (result != CLAIM_OK) {
        recovery_attempt_refuse(attempt, result_of(result));
        return;
    }
    attempt->claimed = true;
    claimed_session_keep(&attempt->session, record, buffer_span(&request->id),
                         attempt->recovery->delivery->shards);
    session_takeover_start(attempt, record);
    if (is_stale(attempt, record)) {
        recovery_attempt_refuse(attempt, RECOVERY_STALE);
    } else if (request->has_offset && !request->offset_good) {
        recovery_attempt_refuse(attempt, RECOVERY_OFFSET);
    } else {
        drop_unlisted(attempt);
        attempt->start = resume_point_find(attempt);
        proceed(attempt);
    }
}

static void claim(struct recovery_attempt *attempt)
{
    claim_queue_ask(&attempt->recovery->claims, &attempt->claim, buffer_span(&attempt->request.id),
                    attempt->client->identity->user);
}

static bool is_eligible(const struct recovery *recovery, const struct sio_socket *socket)
{
    const struct client *client = sio_socket_data(socket);
    struct sio_handshake handshake = sio_socket_handshake(socket);

    return recovery->sessions && !identity_is_anonymous(client->identity) &&
           recovery_clients_include(recovery->clients, sio_socket_version(socket), &handshake);
}

void recovery_ask(struct sio_socket *socket, struct span auth, void *arg)
{
    struct recovery *recovery = arg;
    struct recovery_attempt *attempt;

    if (!is_eligible(recovery, socket)) {
        sio_socket_next(socket);
        return;
    }
    attempt = recovery_attempt_new(recovery, sio_socket_data(socket));
    queued_claim_init(&attempt->claim, on_claimed);
    recovery_request_read(&attempt->request, auth, recovery->delivery->shards);
    if (!attempt->request.asks) {
        sio_socket_next(socket);
        return;
    }
    list_append(&recovery->attempts, &attempt->node);
    if (attempt->request.id.len != SESSION_ID_LEN) {
        recovery_attempt_refuse(attempt, RECOVERY_UNKNOWN);
        return;
    }
    deadline_arm(&attempt->timeout, &recovery->timeouts);
    claim(attempt);
}

static void on_hold_over(struct deadline *deadline, void *arg)
{
    (void)deadline;
    claim_queue_release(&((struct recovery *)arg)->claims);
}

void recovery_on_up(struct recovery *recovery, bool may_lack)
{
    if (may_lack) {
        claim_queue_hold(&recovery->claims);
        deadline_cancel(&recovery->hold);
        deadline_arm(&recovery->hold, &recovery->holds);
    }
    list_for_each (node, &recovery->attempts) {
        struct recovery_attempt *attempt = list_entry(node, struct recovery_attempt, node);
        if (!attempt->claimed && !claim_is_queued(&attempt->claim))
            claim(attempt);
    }
    claim_queue_go_on(&recovery->claims);
}

void recovery_init(struct recovery *recovery, struct session_store *store, struct deadlines *clock)
{
    list_init(&recovery->attempts);
    claim_queue_init(&recovery->claims, store, &recovery->metrics->claims_queued);
    deadline_queue_init(&recovery->timeouts, clock, RECOVERY_WAIT_MS, on_timeout, recovery);
    deadline_queue_init(&recovery->retries, clock, RETRY_MS, on_retry, recovery);
    deadline_queue_init(&recovery->holds, clock, RECOVERY_HOLD_MS, on_hold_over, recovery);
    deadline_init(&recovery->hold);
}

void recovery_fini(struct recovery *recovery)
{
    deadline_queue_fini(&recovery->timeouts);
    deadline_queue_fini(&recovery->retries);
    deadline_cancel(&recovery->hold);
    deadline_queue_fini(&recovery->holds);
    buffer_fini(&recovery->text);
}
