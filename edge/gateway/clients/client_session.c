#define LOG_MODULE "sessions"

#include "edge/gateway/clients/client_session.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/random.h"
#include "edge/gateway/clients/client.h"
#include "edge/socketio/socket.h"
#include "proto/redis_keys.h"

#define REPAIR_MS    10
#define REPAIRS_EACH 20   // so 2000 a second
#define PAUSE_MS     1000 // after a refusal

static const struct session_store_ops *ops(const struct sessions *sessions)
{
    return sessions->store->ops;
}

struct session_key client_session_key(const struct client_session *session)
{
    return (struct session_key){{session->id, SESSION_ID_LEN}, session->generation};
}

struct room_note client_session_note(const struct sessions *sessions, struct span room)
{
    unsigned shard = shard_of_room(room, sessions->delivery->shards);

    return (struct room_note){.joined = delivery_position(sessions->delivery, shard),
                              .granted_ms = clock_wall_ms()};
}

// ---- whole sessions

struct listing {
    struct sessions *sessions;
    const struct client_session *session;
    struct session_room *rooms;
    size_t count;
};

static void list_room(struct span name, void *arg)
{
    struct listing *listing = arg;
    const struct room_note *note = sio_socket_room_note(listing->session->client->socket, name);

    listing->rooms[listing->count++] = (struct session_room){name, note->joined, note->granted_ms};
}

static void count_room(struct span name, void *arg)
{
    (void)name;
    ++*(size_t *)arg;
}

// Joins that wait for their write are part of it, since a put does away with what is not.
static void list_joins(struct listing *listing)
{
    list_for_each (node, &listing->session->writes) {
        const struct room_write *write = list_entry(node, struct room_write, of_session);
        if (!write->leaves)
            listing->rooms[listing->count++] =
                (struct session_room){write->room, write->note.joined, write->note.granted_ms};
    }
}

static void on_whole_written(struct session_request *request, enum session_result result);

static void write_whole(struct sessions *sessions, struct client_session *session, bool restored)
{
    const struct client *client = session->client;
    size_t count = 0;

    sio_socket_each_room(client->socket, count_room, &count);
    list_for_each (node, &session->writes)
        count++;
    struct listing listing = {sessions, session,
                              mem_alloc((count + 1) * sizeof(struct session_room)), 0};
    sio_socket_each_room(client->socket, list_room, &listing);
    list_joins(&listing);
    list_unlink(&session->unwritten);
    ops(sessions)->withdraw(sessions->store, &session->writing);
    session->writing.on_done = on_whole_written;
    ops(sessions)->put(sessions->store,
                       &(struct session_record){
                           .key = client_session_key(session),
                           .user = client->identity->user,
                           .socket_id = client_id(client),
                           .edge = sessions->edge_id,
                           .created_ms = session->created_ms,
                           .stale = span_of(session->stale),
                           .rooms = listing.rooms,
                           .room_count = listing.count,
                       },
                       restored, &session->writing);
    free(listing.rooms);
    session->stored = true;
    metric_add(&sessions->metrics->sessions.writes, 1);
}

void client_session_mark_unwritten(struct sessions *sessions, struct client_session *session)
{
    if (list_empty(&session->unwritten))
        list_append(&sessions->unwritten, &session->unwritten);
    if (ops(sessions)->is_up(sessions->store) && !deadline_is_armed(&sessions->repair))
        deadline_arm(&sessions->repair, &sessions->repairs);
}

static void on_repair(struct deadline *deadline, void *arg)
{
    struct sessions *sessions = arg;

    for (int i = 0; i < REPAIRS_EACH && !list_empty(&sessions->unwritten); i++) {
        if (!ops(sessions)->is_up(sessions->store))
            return;
        struct client_session *session =
            list_entry(sessions->unwritten.next, struct client_session, unwritten);
        write_whole(sessions, session, session->stored);
    }
    if (!list_empty(&sessions->unwritten))
        deadline_arm(deadline, &sessions->repairs);
}

// Nobody else writes a session that is gone but for its last holder, so this is what is left of it.
static void restore(struct sessions *sessions, struct client_session *session)
{
    metric_add(&sessions->metrics->sessions.restored, 1);
    write_whole(sessions, session, true);
}

static void lose(struct sessions *sessions, const struct client_session *session)
{
    metric_add(&sessions->metrics->sessions.refused, 1);
    sessions->handlers.on_taken(session->client, sessions->handlers.arg);
}

// Redis that is there and refuses is not asked without end.
static void on_whole_written(struct session_request *request, enum session_result result)
{
    struct client_session *session = container_of(request, struct client_session, writing);
    struct sessions *sessions = session->sessions;

    if (result == SESSION_TAKEN) {
        lose(sessions, session);
    } else if (result == SESSION_AWAY) {
        list_append(&sessions->unwritten, &session->unwritten);
        deadline_cancel(&sessions->repair);
        if (ops(sessions)->is_up(sessions->store))
            deadline_arm(&sessions->repair, &sessions->pauses);
    }
}

// ---- touching

struct span client_session_freshness(struct sessions *sessions,
                                     const struct client_session *session)
{
    uint64_t moment = sio_socket_moment(session->client->socket);
    char text[OFFSET_TEXT_MAX];
    struct cut sent, had;

    buffer_clear(&sessions->text);
    if (moment != 0) {
        if (!log_tail_cut(sessions->delivery->tail, moment, &sent))
            return (struct span){0}; // it was sent so long ago that nobody knows it any more
        buffer_append(&sessions->text, (struct span){text, offset_print(&sent, text)});
    }
    buffer_append_char(&sessions->text, ' ');
    delivery_cut(sessions->delivery, &had);
    buffer_append(&sessions->text, (struct span){text, offset_print(&had, text)});
    return buffer_span(&sessions->text);
}

static void on_touched(struct session_request *request, enum session_result result)
{
    struct client_session *session = container_of(request, struct client_session, writing);
    struct sessions *sessions = session->sessions;
    struct sio_socket *socket = session->client->socket;

    switch (result) {
    case SESSION_OK:
        if (sio_socket_moment(socket) == session->touched_moment)
            sio_socket_set_moment(socket, 0); // the store knows what was sent last
        break;
    case SESSION_GONE:
        restore(sessions, session);
        break;
    case SESSION_TAKEN:
        lose(sessions, session);
        break;
    case SESSION_AWAY:
        break; // the next one tells as much
    }
}

static void touch(struct sessions *sessions, struct client_session *session, struct span freshness)
{
    deadline_arm(&session->touch_due, &sessions->touches);
    if (session->writing.pending || !ops(sessions)->is_up(sessions->store))
        return;
    session->writing.on_done = on_touched;
    session->touched_moment = sio_socket_moment(session->client->socket);
    metric_add(&sessions->metrics->sessions.writes, 1);
    ops(sessions)->touch(sessions->store, client_session_key(session), freshness,
                         &session->writing);
}

static void on_touch_due(struct deadline *deadline, void *arg)
{
    struct client_session *session = container_of(deadline, struct client_session, touch_due);

    touch(arg, session, client_session_freshness(arg, session));
}

void client_session_freshen(struct sessions *sessions, struct client_session *session,
                            struct span sent)
{
    char text[OFFSET_TEXT_MAX];
    struct cut had;

    delivery_cut(sessions->delivery, &had);
    buffer_clear(&sessions->text);
    buffer_append(&sessions->text, sent);
    buffer_append_char(&sessions->text, ' ');
    buffer_append(&sessions->text, (struct span){text, offset_print(&had, text)});
    touch(sessions, session, buffer_span(&sessions->text));
}

// ---- joins and leaves

static void finish_write(struct room_write *write, bool ok)
{
    deadline_cancel(&write->patience);
    list_unlink(&write->of_session);
    list_unlink(&write->of_all);
    write->session = NULL;
    write->on_written(write, ok);
}

static void send_write(struct sessions *sessions, struct room_write *write)
{
    const struct session_room room = {write->room, write->note.joined, write->note.granted_ms};
    struct session_key key = client_session_key(write->session);

    metric_add(&sessions->metrics->sessions.writes, 1);
    if (write->leaves)
        ops(sessions)->leave(sessions->store, key, write->room, &write->request);
    else
        ops(sessions)->join(sessions->store, key, &room, &write->request);
}

static void on_write_done(struct session_request *request, enum session_result result)
{
    struct room_write *write = container_of(request, struct room_write, request);
    struct client_session *session = write->session;
    struct sessions *sessions = session->sessions;

    switch (result) {
    case SESSION_OK:
        finish_write(write, true);
        break;
    case SESSION_GONE:
        restore(sessions, session);
        finish_write(write, true); // it was part of that
        break;
    case SESSION_TAKEN:
        lose(sessions, session);
        break;
    case SESSION_AWAY:
        break; // sent again when it is back, or given up when that takes too long
    }
}

static void on_patience_over(struct deadline *deadline, void *arg)
{
    struct sessions *sessions = arg;
    struct room_write *write = container_of(deadline, struct room_write, patience);

    ops(sessions)->withdraw(sessions->store, &write->request);
    metric_add(&sessions->metrics->sessions.given_up, 1);
    client_session_mark_unwritten(sessions, write->session);
    finish_write(write, false);
}

void client_session_write(struct sessions *sessions, struct client_session *session,
                          struct room_write *write)
{
    write->session = session;
    write->request = (struct session_request){.on_done = on_write_done};
    list_append(&session->writes, &write->of_session);
    list_append(&sessions->writes, &write->of_all);
    deadline_init(&write->patience);
    deadline_arm(&write->patience, &sessions->patience);
    if (ops(sessions)->is_up(sessions->store))
        send_write(sessions, write);
}

void client_session_cancel_write(struct sessions *sessions, struct room_write *write)
{
    struct client_session *session = write->session;

    ops(sessions)->withdraw(sessions->store, &write->request);
    deadline_cancel(&write->patience);
    list_unlink(&write->of_session);
    list_unlink(&write->of_all);
    write->session = NULL;
    if (!write->leaves)
        client_session_mark_unwritten(sessions, session);
}

// ---- beginning and end

static struct client_session *client_session_new(struct sessions *sessions, struct client *client)
{
    struct client_session *session = mem_zalloc(sizeof(*session));

    session->sessions = sessions;
    session->client = client;
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
                                             struct session_key key, uint64_t created_ms)
{
    struct client_session *session = client_session_new(sessions, client);

    memcpy(session->id, key.id.ptr, SESSION_ID_LEN);
    session->generation = key.generation;
    session->created_ms = created_ms;
    session->stored = true;
    return session;
}

void client_session_put(struct sessions *sessions, struct client_session *session)
{
    deadline_arm(&session->touch_due, &sessions->touches);
    if (ops(sessions)->is_up(sessions->store))
        write_whole(sessions, session, false);
    else
        client_session_mark_unwritten(sessions, session);
}

void client_session_end(struct sessions *sessions, struct client_session *session,
                        struct session_request *request)
{
    if (!list_empty(&session->unwritten))
        write_whole(sessions, session, session->stored);
    ops(sessions)->end(sessions->store, client_session_key(session),
                       client_session_freshness(sessions, session), request);
}

void client_session_free(struct client_session *session)
{
    if (!session)
        return;
    assert(list_empty(&session->writes) && list_empty(&session->regrants));
    ops(session->sessions)->withdraw(session->sessions->store, &session->writing);
    list_unlink(&session->unwritten);
    deadline_cancel(&session->touch_due);
    free(session->stale);
    free(session);
}

void sessions_init(struct sessions *sessions, struct deadlines *clock)
{
    list_init(&sessions->writes);
    list_init(&sessions->unwritten);
    deadline_init(&sessions->repair);
    deadline_queue_init(&sessions->touches, clock, SESSION_TOUCH_MS, on_touch_due, sessions);
    deadline_queue_init(&sessions->patience, clock, SESSION_WAIT_MS, on_patience_over, sessions);
    deadline_queue_init(&sessions->repairs, clock, REPAIR_MS, on_repair, sessions);
    deadline_queue_init(&sessions->pauses, clock, PAUSE_MS, on_repair, sessions);
}

void sessions_fini(struct sessions *sessions)
{
    deadline_queue_fini(&sessions->touches);
    deadline_queue_fini(&sessions->patience);
    deadline_queue_fini(&sessions->repairs);
    deadline_queue_fini(&sessions->pauses);
    buffer_fini(&sessions->text);
}

void sessions_on_up(struct sessions *sessions)
{
    list_for_each (node, &sessions->writes) {
        struct room_write *write = list_entry(node, struct room_write, of_all);
        if (!write->request.pending)
            send_write(sessions, write);
    }
    if (!list_empty(&sessions->unwritten))
        deadline_arm(&sessions->repair, &sessions->repairs);
}
