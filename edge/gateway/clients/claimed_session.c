#include "edge/gateway/clients/claimed_session.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/delivery/offset.h"

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
    memcpy(session->lost, record->lost, sizeof(session->lost));
    buffer_append(&session->socket_id, record->socket_id);
    keep_freshness(session, record, shards);
    keep_rooms(session, record);
}

bool claimed_session_drop_room(struct claimed_session *session, struct span room)
{
    for (size_t i = 0; i < session->room_count; i++)
        if (span_eq(session->rooms[i].name, room)) {
            session->rooms[i] = session->rooms[--session->room_count];
            return true;
        }
    return false;
}

void claimed_session_fini(struct claimed_session *session)
{
    buffer_fini(&session->socket_id);
    buffer_fini(&session->room_names);
    free(session->rooms);
}
