#include "edge/gateway/clients/session_record.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/client.h"

#define REPAIR_MS    10
#define REPAIRS_EACH 50   // every REPAIR_MS, so 5000 a second
#define PAUSE_MS     1000 // after the store refused a record

struct listing {
    const struct client_session *session;
    struct session_room *rooms;
    size_t count;
};

static void add_room(struct listing *listing, struct span name, const struct room_note *note)
{
    listing->rooms[listing->count++] = (struct session_room){.name = name,
                                                             .joined = note->joined,
                                                             .granted_ms = note->granted_ms,
                                                             .by_action = note->by_action};
}

static void list_room(struct span name, void *arg)
{
    struct listing *listing = arg;

    // The store executes the pending leave before this put, which would add the room again.
    if (client_session_is_leaving(listing->session, name))
        return;
    struct room_note note = client_session_kept_note(listing->session, name);

    add_room(listing, name, &note);
}

static void count_room(struct span name, void *arg)
{
    (void)name;
    ++*(size_t *)arg;
}

// Adds the joins whose write is pending. A put replaces all rooms of the record, so it would remove
// such a room again if the store has it already.
static void list_joins(struct listing *listing)
{
    list_for_each (node, &listing->session->writes) {
        const struct room_write *write = list_entry(node, struct room_write, of_session);
        if (!write->leaves)
            add_room(listing, write->room, &write->note);
    }
}

// The rooms of the record. The caller frees `rooms`.
static struct listing list_rooms(const struct client_session *session)
{
    struct listing listing = {.session = session};
    size_t count = 0;

    sio_socket_each_room(session->client->socket, count_room, &count);
    list_for_each (node, &session->writes)
        count++;
    listing.rooms = mem_alloc((count + 1) * sizeof(listing.rooms[0]));
    sio_socket_each_room(session->client->socket, list_room, &listing);
    list_joins(&listing);
    return listing;
}

static void on_written(struct session_request *request, enum session_result result);

// `restored`: the store had this session before and may have lost it, see session_store_ops.put.
static void write_record(struct client_session *session, bool restored)
{
    struct sessions *sessions = session->sessions;
    const struct client *client = session->client;
    struct listing listing = list_rooms(session);

    list_unlink(&session->unwritten);
    sessions_ops(sessions)->withdraw(sessions->store, &session->writing);
    session->writing.on_done = on_written;
    sessions_ops(sessions)->put(sessions->store,
                                &(struct session_record){
                                    .key = client_session_key(session),
                                    .user = client->identity->user,
                                    .socket_id = client_id(client),
                                    .edge = sessions->edge_id,
                                    .created_ms = session->created_ms,
                                    .stale = span_of(session->stale),
                                    .acted = session->acted,
                                    .noted = session->noted,
                                    .rooms = listing.rooms,
                                    .room_count = listing.count,
                                },
                                restored, &session->writing);
    free(listing.rooms);
    session->stored = true;
    client_session_note_write(session);
}

void session_record_put(struct client_session *session)
{
    if (sessions_store_is_up(session->sessions))
        write_record(session, false);
    else
        session_record_mark_unwritten(session);
}

static void add_unwritten(struct client_session *session)
{
    if (list_empty(&session->unwritten))
        list_append(&session->sessions->unwritten, &session->unwritten);
}

void session_record_mark_unwritten(struct client_session *session)
{
    struct sessions *sessions = session->sessions;

    add_unwritten(session);
    if (sessions_store_is_up(sessions) && !deadline_is_armed(&sessions->repair))
        deadline_arm(&sessions->repair, &sessions->repairs);
}

void session_record_flush(struct client_session *session)
{
    if (!list_empty(&session->unwritten))
        write_record(session, session->stored);
}

// The store has lost the session, so this edge writes what it has, as restored: claims are refused
// for a while, since another edge may have a later state that it has not written yet.
void session_record_restore(struct client_session *session)
{
    metric_add(&session->sessions->metrics->sessions.restored, 1);
    write_record(session, true);
}

// SESSION_AWAY while the store is up means that it refuses writes, because it is out of memory for
// example. Repairs then pause for PAUSE_MS instead of asking without end.
static void on_written(struct session_request *request, enum session_result result)
{
    struct client_session *session = container_of(request, struct client_session, writing);
    struct sessions *sessions = session->sessions;

    if (result == SESSION_TAKEN) {
        client_session_lose(session);
    } else if (result == SESSION_AWAY) {
        add_unwritten(session); // it may be listed already, because of a join that was given up
        deadline_cancel(&sessions->repair);
        if (sessions_store_is_up(sessions))
            deadline_arm(&sessions->repair, &sessions->pauses);
    }
}

static void on_repair(struct deadline *deadline, void *arg)
{
    struct sessions *sessions = arg;

    for (int i = 0; i < REPAIRS_EACH && !list_empty(&sessions->unwritten); i++) {
        if (!sessions_store_is_up(sessions))
            return;
        session_record_flush(
            list_entry(sessions->unwritten.next, struct client_session, unwritten));
    }
    if (!list_empty(&sessions->unwritten))
        deadline_arm(deadline, &sessions->repairs);
}

void session_record_init(struct sessions *sessions, struct deadlines *clock)
{
    list_init(&sessions->unwritten);
    deadline_init(&sessions->repair);
    deadline_queue_init(&sessions->repairs, clock, REPAIR_MS, on_repair, sessions);
    deadline_queue_init(&sessions->pauses, clock, PAUSE_MS, on_repair, sessions);
}

void session_record_fini(struct sessions *sessions)
{
    deadline_queue_fini(&sessions->repairs);
    deadline_queue_fini(&sessions->pauses);
}

static void rewrite_all(struct sessions *sessions)
{
    for (struct list *node = sessions->all.prev; node != &sessions->all; node = node->prev) {
        add_unwritten(list_entry(node, struct client_session, of_all));
        metric_add(&sessions->metrics->sessions.rewritten, 1);
    }
}

void session_record_on_up(struct sessions *sessions, bool may_lack)
{
    if (may_lack)
        rewrite_all(sessions);
    if (!list_empty(&sessions->unwritten))
        deadline_arm(&sessions->repair, &sessions->repairs);
}
