#include "edge/gateway/clients/resume_point.h"

#include "edge/gateway/clients/missed_actions.h"
#include "edge/socketio/namespace.h"

static bool has_all_that_was_sent(const struct recovery_attempt *attempt)
{
    const struct claimed_session *session = &attempt->session;
    const struct recovery_request *request = &attempt->request;

    return session->fresh_good &&
           (session->sent_nothing ||
            (request->offset_good && cut_covers(&request->cut, &session->sent)));
}

// Raising the start matters for clients that get few events: their own offset may be older than the
// tail, although nothing was sent to them since.
struct cut resume_point_find(const struct recovery_attempt *attempt)
{
    struct cut start = {.shards = attempt->recovery->delivery->shards};
    bool has_all = has_all_that_was_sent(attempt);

    if (attempt->request.offset_good)
        start = attempt->request.cut;
    if (has_all)
        cut_raise(&start, &attempt->session.had);
    return start;
}

bool resume_point_is_ahead(const struct recovery_attempt *attempt)
{
    const struct delivery *delivery = attempt->recovery->delivery;
    struct cut had;

    delivery_cut(delivery, &had);
    if (!log_follower_is_following(delivery->follower) || !cut_covers(&had, &attempt->start))
        return true;
    for (size_t i = 0; i < attempt->session.room_count; i++) {
        const struct session_room *room = &attempt->session.rooms[i];
        if (!cut_covers(&had, &room->joined))
            return true;
    }
    return false;
}

static bool remembers(const struct recovery_attempt *attempt, unsigned shard, struct position start)
{
    const struct log_tail *tail = attempt->recovery->delivery->tail;

    return log_tail_knows(tail, shard, start) &&
           position_compare(start, attempt->session.lost[shard]) >= 0;
}

// In every shard, since a room's events may be in the shards of other rooms.
static bool remembers_room(const struct recovery_attempt *attempt, const struct session_room *room)
{
    const struct cut start = recovery_attempt_start(attempt, &room->joined);

    for (unsigned i = 0; i < start.shards; i++)
        if (!remembers(attempt, i, start.at[i]))
            return false;
    return true;
}

// The tail must know the client's offset too, even if all rooms start later. An offset that it does
// not know is older than the tail, or from a log that was reset or has lost its newest part since.
static bool remembers_offset(const struct recovery_attempt *attempt)
{
    const struct log_tail *tail = attempt->recovery->delivery->tail;

    for (unsigned i = 0; attempt->request.offset_good && i < attempt->start.shards; i++)
        if (!log_tail_knows(tail, i, attempt->start.at[i]))
            return false;
    return true;
}

// Aligns the tail first: after a loss it may still have entries of the log as it was before.
bool resume_point_is_remembered(const struct recovery_attempt *attempt)
{
    const struct delivery *delivery = attempt->recovery->delivery;

    for (unsigned i = 0; i < delivery->shards; i++)
        log_tail_align(delivery->tail, i, delivery_position(delivery, i));
    if (!remembers_offset(attempt))
        return false;
    for (size_t i = 0; i < attempt->session.room_count; i++)
        if (!remembers_room(attempt, &attempt->session.rooms[i]))
            return false;
    return true;
}

static enum recovery_result replay_into(struct recovery_attempt *attempt, struct stays *stays)
{
    const struct recovery *recovery = attempt->recovery;

    enum recovery_result noted = missed_actions_note(attempt, stays);
    if (noted != RECOVERY_DONE)
        return noted;
    if (!replay_make(recovery->delivery->tail, sio_namespace_name(recovery->delivery->nsp),
                     stays->rooms, stays->count, &attempt->start, &recovery->limits,
                     &attempt->replay))
        return RECOVERY_TOO_MUCH;
    missed_actions_carry_out(attempt, stays);
    return RECOVERY_DONE;
}

enum recovery_result resume_point_make_replay(struct recovery_attempt *attempt)
{
    struct stays stays = {0};
    enum recovery_result result = replay_into(attempt, &stays);

    stays_fini(&stays);
    return result;
}
