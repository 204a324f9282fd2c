#include "edge/gateway/clients/client_session.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/random.h"
#include "edge/gateway/clients/claimed_session.h"
#include "edge/gateway/clients/client.h"
#include "proto/redis_keys.h"

static struct client_session *client_session_new(struct sessions *sessions, struct client *client)
{
    struct client_session *session = mem_zalloc(sizeof(*session));

    session->sessions = sessions;
    session->client = client;
    list_append(&sessions->all, &session->of_all);
    list_init(&session->unwritten);
    list_init(&session->writes);
    list_init(&session->regrants);
    deadline_init(&session->touch_due);
    return session;
}

struct client_session *client_session_begin(struct sessions *sessions, struct client *client,
                                            struct span stale)
{
    struct client_session *session = client_session_new(sessions, client);

    random_id(session->id);
    session->generation = 1;
    session->created_ms = clock_wall_ms();
    session->stale = stale.len > 0 ? span_dup(stale) : NULL;
    return session;
}

struct client_session *client_session_resume(struct sessions *sessions, struct client *client,
                                             const struct claimed_session *claimed)
{
    struct client_session *session = client_session_new(sessions, client);

    memcpy(session->id, claimed->key.id.ptr, SESSION_ID_LEN);
    session->generation = claimed->key.generation;
    session->created_ms = claimed->created_ms;
    session->acted = claimed->acted;
    session->stored = true;
    return session;
}

void client_session_free(struct client_session *session)
{
    if (!session)
        return;
    assert(list_empty(&session->writes) && list_empty(&session->regrants));
    sessions_ops(session->sessions)->withdraw(session->sessions->store, &session->writing);
    list_unlink(&session->of_all);
    list_unlink(&session->unwritten);
    deadline_cancel(&session->touch_due);
    free(session->stale);
    free(session);
}

struct session_key client_session_key(const struct client_session *session)
{
    return (struct session_key){{session->id, SESSION_ID_LEN}, session->generation};
}

struct room_note client_session_note(const struct client_session *session)
{
    struct room_note note = {.granted_ms = clock_wall_ms()};

    delivery_cut(session->sessions->delivery, &note.joined);
    return note;
}

// A note without the shards that there are not.
struct kept_note {
    uint64_t granted_ms : 63, by_action : 1;
    struct position joined[];
};

size_t room_note_bytes(unsigned shards)
{
    return sizeof(struct kept_note) + shards * sizeof(struct position);
}

static struct kept_note *kept_note_of(const struct client *client, struct span room)
{
    return sio_socket_room_note(client->socket, room);
}

void client_session_keep_note(const struct client_session *session, struct span room,
                              const struct room_note *note)
{
    struct kept_note *kept = kept_note_of(session->client, room);

    kept->granted_ms = note->granted_ms & INT64_MAX;
    kept->by_action = note->by_action;
    memcpy(kept->joined, note->joined.at, note->joined.shards * sizeof(kept->joined[0]));
}

struct room_note client_session_kept_note(const struct client_session *session, struct span room)
{
    const struct kept_note *kept = kept_note_of(session->client, room);
    struct room_note note = {.granted_ms = kept->granted_ms,
                             .by_action = kept->by_action,
                             .joined.shards = session->sessions->delivery->shards};

    memcpy(note.joined.at, kept->joined, note.joined.shards * sizeof(kept->joined[0]));
    return note;
}

void room_note_set_by_action(const struct client *client, struct span room)
{
    kept_note_of(client, room)->by_action = true;
}

bool room_note_is_by_action(const struct client *client, struct span room)
{
    const struct kept_note *kept = kept_note_of(client, room);

    return kept && kept->by_action;
}

bool client_session_is_leaving(const struct client_session *session, struct span room)
{
    list_for_each (node, &session->writes) {
        const struct room_write *write = list_entry(node, struct room_write, of_session);
        if (write->leaves && !write->left && span_eq(write->room, room))
            return true;
    }
    return false;
}

struct room_note client_session_join_note(const struct client_session *session, struct span room)
{
    list_for_each (node, &session->writes) {
        const struct room_write *write = list_entry(node, struct room_write, of_session);
        if (!write->leaves && span_eq(write->room, room))
            return write->note;
    }
    return client_session_note(session);
}

void client_session_note_write(struct client_session *session)
{
    struct sessions *sessions = session->sessions;

    metric_add(&sessions->metrics->sessions.writes, 1);
    list_unlink(&session->of_all);
    list_append(&sessions->all, &session->of_all);
}

void client_session_lose(struct client_session *session)
{
    struct sessions *sessions = session->sessions;

    metric_add(&sessions->metrics->sessions.refused, 1);
    sessions->handlers.on_taken(session->client, sessions->handlers.arg);
}
