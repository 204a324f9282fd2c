#include "edge/gateway/clients/missed_actions.h"

#include "edge/gateway/clients/client.h"
#include "edge/gateway/rooms/room_name.h"

// The session is always in its user's room, and began when it joined that. The client's offset does
// not count: a client that has received a later event may have been taken out at its edge, but if
// the store could not be told, the session still has the room.
static struct cut beginning_of(const struct claimed_session *session, unsigned shards)
{
    for (size_t i = 0; i < session->room_count; i++)
        if (room_name_is_user(session->rooms[i].name))
            return session->rooms[i].joined;
    return (struct cut){.shards = shards};
}

// The walk goes backwards, so the first action after the join is noted last. Positions count over
// all shards: the join is before the action if all that was delivered then is.
static void note_end(struct replay_room *room, const struct session_room *of_session,
                     const struct tail_entry *action)
{
    if (position_compare(cut_top(&of_session->joined), action->position) < 0)
        room->end = action->position;
}

enum recovery_result missed_actions_note(const struct recovery_attempt *attempt,
                                         struct replay_room *rooms, size_t room_count)
{
    struct recovery *recovery = attempt->recovery;
    const struct cut start = beginning_of(&attempt->session, recovery->delivery->shards);
    struct span user_room = room_name_of_user(attempt->client->identity->user, &recovery->text);
    struct tail_walk walk = log_tail_walk_actions(recovery->delivery->tail, user_room, &start);
    size_t visits_left = recovery->limits.max_events;
    struct tail_entry entry;

    walk.visits_left = &visits_left;
    while (log_tail_next(&walk, &entry)) {
        if (entry.disconnects)
            return RECOVERY_KICKED;
        for (size_t i = 0; i < room_count; i++)
            if (span_eq(rooms[i].name, entry.leaves) && !room_name_is_user(rooms[i].name))
                note_end(&rooms[i], &attempt->session.rooms[i], &entry);
    }
    return walk.stopped ? RECOVERY_TOO_MUCH : RECOVERY_DONE;
}

static void tell(const struct recovery_attempt *attempt, struct span room)
{
    struct room_events *room_events = attempt->recovery->room_events;
    const struct room_events_member member = {buffer_span(&attempt->session.socket_id),
                                              attempt->client->identity->user_json};

    if (!attempt->session.left && room_events_announces(room_events, room))
        room_events_emit_for(room_events, &member, room, "user_left");
}

static void note_ended(struct recovery_attempt *attempt, struct span room)
{
    buffer_append(&attempt->ended, room);
    buffer_append_char(&attempt->ended, '\0');
}

void missed_actions_carry_out(struct recovery_attempt *attempt, const struct replay_room *rooms,
                              size_t room_count)
{
    for (size_t i = 0; i < room_count; i++) {
        if (position_is_none(rooms[i].end))
            continue;
        tell(attempt, rooms[i].name);
        note_ended(attempt, rooms[i].name);
        (void)recovery_attempt_leave(attempt, rooms[i].name);
    }
}
