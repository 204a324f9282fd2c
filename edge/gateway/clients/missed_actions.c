#include "edge/gateway/clients/missed_actions.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/rooms/room_name.h"

struct stay {
    struct position since; // of the shard of the user's room: actions up to it are from before
    bool entered;          // begun by an action that the client missed
};

// Oldest first.
struct actions {
    struct tail_entry *items;
    size_t count, cap;
};

void stays_fini(struct stays *stays)
{
    free(stays->rooms);
    free(stays->stays);
    *stays = (struct stays){0};
}

static void add_stay(struct stays *stays, const struct replay_room *room, const struct stay *stay)
{
    if (stays->count == stays->cap) {
        stays->cap = 2 * stays->cap + 16;
        stays->rooms = mem_realloc(stays->rooms, stays->cap * sizeof(stays->rooms[0]));
        stays->stays = mem_realloc(stays->stays, stays->cap * sizeof(stays->stays[0]));
    }
    stays->rooms[stays->count] = *room;
    stays->stays[stays->count++] = *stay;
}

static bool is_open(const struct replay_room *room)
{
    return position_is_none(room->end);
}

// The last stay in the room, or NULL.
static struct replay_room *last_stay(const struct stays *stays, struct span room)
{
    for (size_t i = stays->count; i > 0; i--)
        if (span_eq(stays->rooms[i - 1].name, room))
            return &stays->rooms[i - 1];
    return NULL;
}

static struct position since(const struct stays *stays, const struct replay_room *room)
{
    return stays->stays[room - stays->rooms].since;
}

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

static void add_rooms_of_session(const struct recovery_attempt *attempt, unsigned shard,
                                 struct stays *stays)
{
    for (size_t i = 0; i < attempt->session.room_count; i++) {
        const struct session_room *room = &attempt->session.rooms[i];
        add_stay(stays,
                 &(struct replay_room){.name = room->name,
                                       .start = recovery_attempt_start(attempt, &room->joined)},
                 &(struct stay){.since = room->joined.at[shard]});
    }
}

static void add_everybody(const struct recovery_attempt *attempt, struct stays *stays)
{
    const struct cut began = beginning_of(&attempt->session, attempt->recovery->delivery->shards);

    add_stay(stays,
             &(struct replay_room){.name = SPAN_LIT(ROOM_EVERYBODY),
                                   .start = recovery_attempt_start(attempt, &began)},
             &(struct stay){0});
}

// The cut just before an action. Positions count over all shards, and an edge that carries out the
// action has delivered about as far in the others. Where the tail does not go back so far, the
// session began later.
static struct cut cut_before(const struct recovery_attempt *attempt,
                             const struct tail_entry *action)
{
    const struct delivery *delivery = attempt->recovery->delivery;
    struct position before = position_before(action->position);
    struct cut cut = beginning_of(&attempt->session, delivery->shards);

    for (unsigned i = 0; i < delivery->shards; i++) {
        struct position at = log_tail_at(delivery->tail, i, before);
        if (position_compare(at, before) <= 0 && position_compare(at, cut.at[i]) > 0)
            cut.at[i] = at;
    }
    return cut;
}

static void note_leave(struct stays *stays, const struct tail_entry *action)
{
    struct replay_room *room = last_stay(stays, action->leaves);

    if (room && is_open(room) && position_compare(since(stays, room), action->position) < 0)
        room->end = action->position;
}

static size_t count_open(const struct stays *stays)
{
    size_t count = 0;

    for (size_t i = 0; i < stays->count; i++)
        count += is_open(&stays->rooms[i]) && !room_is_everybody(stays->rooms[i].name);
    return count;
}

// One that the session's rooms reflect already does not count: the client may have left since. Nor
// does one from before an operator took the user out.
static void note_join(const struct recovery_attempt *attempt, struct stays *stays,
                      const struct tail_entry *action)
{
    const struct recovery *recovery = attempt->recovery;
    const struct replay_room *room = last_stay(stays, action->enters);

    stays->acted = action->position;
    if ((room && is_open(room)) ||
        position_compare(action->position, attempt->session.acted) <= 0 ||
        claimed_session_was_taken(&attempt->session, action->enters, action->created_at_ms) ||
        !authorization_knows(recovery->authorization, action->enters))
        return;
    if (count_open(stays) >= recovery->max_rooms) {
        metric_add(&recovery->metrics->not_admitted, 1);
        return;
    }
    const struct cut before = cut_before(attempt, action);
    add_stay(stays,
             &(struct replay_room){.name = action->enters,
                                   .start = recovery_attempt_start(attempt, &before)},
             &(struct stay){.since = action->position, .entered = true});
}

static void add_action(struct actions *actions, const struct tail_entry *action)
{
    if (actions->count == actions->cap) {
        actions->cap = 2 * actions->cap + 16;
        actions->items = mem_realloc(actions->items, actions->cap * sizeof(actions->items[0]));
    }
    actions->items[actions->count++] = *action;
}

static void reverse(const struct actions *actions)
{
    for (size_t i = 0; i < actions->count / 2; i++) {
        struct tail_entry *one = &actions->items[i];
        struct tail_entry *other = &actions->items[actions->count - 1 - i];
        struct tail_entry kept = *one;
        *one = *other;
        *other = kept;
    }
}

static enum recovery_result collect(const struct recovery_attempt *attempt, struct span user_room,
                                    struct actions *actions)
{
    const struct recovery *recovery = attempt->recovery;
    const struct cut start = beginning_of(&attempt->session, recovery->delivery->shards);
    struct tail_walk walk = log_tail_walk_actions(recovery->delivery->tail, user_room, &start);
    size_t visits_left = recovery->limits.max_events;
    struct tail_entry entry;

    walk.visits_left = &visits_left;
    while (log_tail_next(&walk, &entry)) {
        if (entry.disconnects)
            return RECOVERY_KICKED;
        add_action(actions, &entry);
    }
    reverse(actions);
    return walk.stopped ? RECOVERY_TOO_MUCH : RECOVERY_DONE;
}

enum recovery_result missed_actions_note(const struct recovery_attempt *attempt,
                                         struct stays *stays)
{
    struct recovery *recovery = attempt->recovery;
    struct span user_room = room_name_of_user(attempt->client->identity->user, &recovery->text);
    struct actions actions = {0};
    enum recovery_result result = collect(attempt, user_room, &actions);

    add_everybody(attempt, stays);
    add_rooms_of_session(attempt, shard_of_room(user_room, recovery->delivery->shards), stays);
    for (size_t i = 0; result == RECOVERY_DONE && i < actions.count; i++) {
        const struct tail_entry *action = &actions.items[i];
        if (action->leaves.len > 0 && !room_name_is_user(action->leaves))
            note_leave(stays, action);
        else if (action->enters.len > 0)
            note_join(attempt, stays, action);
    }
    free(actions.items);
    return result;
}

static void tell(const struct recovery_attempt *attempt, struct span room)
{
    struct room_events *room_events = attempt->recovery->room_events;
    const struct room_events_member member = {buffer_span(&attempt->session.socket_id),
                                              attempt->client->identity->user_json};

    if (!attempt->session.left && room_events_announces(room_events, room))
        room_events_emit_for(room_events, &member, room, "user_left");
}

// Unless the session did not have the room, the others have heard of the member.
static void end_stay(struct recovery_attempt *attempt, struct span room)
{
    buffer_append(&attempt->ended, room);
    buffer_append_char(&attempt->ended, '\0');
    if (!claimed_session_find_room(&attempt->session, room))
        return;
    tell(attempt, room);
    (void)recovery_attempt_leave(attempt, room);
}

static void enter(struct recovery_attempt *attempt, const struct replay_room *stay)
{
    struct session_room *found = claimed_session_find_room(&attempt->session, stay->name);
    const struct session_room room = {.name = stay->name,
                                      .joined = stay->start,
                                      .granted_ms = clock_wall_ms(),
                                      .by_action = true,
                                      .entered = !found};

    attempt->let_in = true;
    if (!found) {
        claimed_session_add_room(&attempt->session, &room);
    } else {
        struct span name = found->name;
        *found = room;
        found->name = name;
    }
}

void missed_actions_carry_out(struct recovery_attempt *attempt, const struct stays *stays)
{
    if (position_compare(stays->acted, attempt->session.acted) > 0)
        attempt->session.acted = stays->acted;
    for (size_t i = 0; i < stays->count; i++) {
        const struct replay_room *room = &stays->rooms[i];
        if (last_stay(stays, room->name) != room)
            continue;
        if (!is_open(room))
            end_stay(attempt, room->name);
        else if (stays->stays[i].entered)
            enter(attempt, room);
    }
}
