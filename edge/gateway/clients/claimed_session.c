#include "edge/gateway/clients/claimed_session.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/delivery/offset.h"

// Alone, so that the names that there are stay where they are.
struct added_name {
    struct added_name *next;
    char text[];
};

static void keep_rooms(struct claimed_session *session, const struct session_record *record)
{
    size_t at = 0;

    session->rooms = mem_alloc((record->room_count + 1) * sizeof(session->rooms[0]));
    session->room_count = record->room_count;
    for (size_t i = 0; i < record->room_count; i++)
        buffer_append(&session->room_names, record->rooms[i].name);
    for (size_t i = 0; i < record->room_count; i++) {
        session->rooms[i] = record->rooms[i];
        session->rooms[i].name.ptr = session->room_names.ptr + at;
        at += record->rooms[i].name.len;
    }
}

void claimed_session_add_room(struct claimed_session *session, const struct session_room *room)
{
    struct added_name *added = mem_alloc(sizeof(*added) + room->name.len);

    memcpy(added->text, room->name.ptr, room->name.len);
    added->next = session->added;
    session->added = added;
    session->rooms =
        mem_realloc(session->rooms, (session->room_count + 1) * sizeof(session->rooms[0]));
    session->rooms[session->room_count] = *room;
    session->rooms[session->room_count++].name.ptr = added->text;
}

struct session_room *claimed_session_find_room(const struct claimed_session *session,
                                               struct span room)
{
    for (size_t i = 0; i < session->room_count; i++)
        if (span_eq(session->rooms[i].name, room))
            return &session->rooms[i];
    return NULL;
}

void claimed_session_note_taken(struct claimed_session *session, struct session_taken taken)
{
    session->taken =
        mem_realloc(session->taken, (session->taken_count + 1) * sizeof(session->taken[0]));
    taken.name.ptr = span_dup(taken.name);
    session->taken[session->taken_count++] = taken;
}

bool claimed_session_was_taken(const struct claimed_session *session, struct span room,
                               uint64_t at_ms)
{
    for (size_t i = 0; i < session->taken_count; i++)
        if (session->taken[i].at_ms >= at_ms && span_eq(session->taken[i].name, room))
            return true;
    return false;
}

static void keep_freshness(struct claimed_session *session, const struct session_record *record,
                           unsigned shards)
{
    session->sent_nothing = span_is(record->sent, "-");
    session->fresh_good =
        offset_parse(record->had, shards, &session->had) &&
        (session->sent_nothing || offset_parse(record->sent, shards, &session->sent));
}

void claimed_session_keep(struct claimed_session *session, const struct session_record *record,
                          struct span id, unsigned shards)
{
    session->key = (struct session_key){id, record->key.generation};
    session->created_ms = record->created_ms;
    session->left = record->left;
    session->acted = record->acted;
    memcpy(session->lost, record->lost, sizeof(session->lost));
    buffer_append(&session->socket_id, record->socket_id);
    keep_freshness(session, record, shards);
    keep_rooms(session, record);
    for (size_t i = 0; i < record->taken_count; i++)
        claimed_session_note_taken(session, record->taken[i]);
}

bool claimed_session_drop_room(struct claimed_session *session, struct span room)
{
    struct session_room *found = claimed_session_find_room(session, room);

    if (found)
        *found = session->rooms[--session->room_count];
    return found != NULL;
}

void claimed_session_fini(struct claimed_session *session)
{
    buffer_fini(&session->socket_id);
    buffer_fini(&session->room_names);
    while (session->added) {
        struct added_name *next = session->added->next;
        free(session->added);
        session->added = next;
    }
    for (size_t i = 0; i < session->taken_count; i++)
        free((void *)session->taken[i].name.ptr);
    free(session->taken);
    free(session->rooms);
}
