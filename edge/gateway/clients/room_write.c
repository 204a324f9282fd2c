#include "edge/gateway/clients/room_write.h"

#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/session_record.h"

static void detach(struct room_write *write)
{
    deadline_cancel(&write->timeout);
    list_unlink(&write->of_session);
    list_unlink(&write->of_all);
    write->session = NULL;
}

static void finish(struct room_write *write, bool ok)
{
    detach(write);
    write->on_written(write, ok);
}

static void on_done(struct session_request *request, enum session_result result)
{
    struct room_write *write = container_of(request, struct room_write, request);

    switch (result) {
    case SESSION_OK:
        finish(write, true);
        break;
    case SESSION_GONE:
        session_record_restore(write->session);
        finish(write, true); // the record includes this write
        break;
    case SESSION_TAKEN:
        client_session_lose(write->session);
        break;
    case SESSION_AWAY:
        break; // room_write_on_up() sends it again, unless it is given up before
    }
}

// The store skips the actions up to `acted`, so it must not get that before the rooms that they let
// the client into. While these are to be written, the whole record says it, right behind the leave.
// So it does if the client has entered the room again meanwhile, which the leave takes away.
static void send_leave(struct room_write *write)
{
    struct client_session *session = write->session;
    struct sessions *sessions = session->sessions;
    bool again = write->left && sio_socket_is_in(session->client->socket, write->room);
    bool written = !again && list_empty(&session->unwritten);

    if (again)
        session_record_mark_unwritten(session);
    sessions_ops(sessions)->leave(sessions->store, client_session_key(session), write->room,
                                  written ? session->acted : (struct position){0}, &write->request);
    session_record_flush(session);
}

static void send_join(struct room_write *write)
{
    const struct session_room room = {
        .name = write->room, .joined = write->note.joined, .granted_ms = write->note.granted_ms};
    struct sessions *sessions = write->session->sessions;

    sessions_ops(sessions)->join(sessions->store, client_session_key(write->session), &room,
                                 &write->request);
}

static void send_write(struct room_write *write)
{
    client_session_note_write(write->session);
    if (write->leaves)
        send_leave(write);
    else
        send_join(write);
}

// The store may have executed a write that was given up, so the whole record is written again.
static void on_timeout(struct deadline *deadline, void *arg)
{
    struct sessions *sessions = arg;
    struct room_write *write = container_of(deadline, struct room_write, timeout);

    sessions_ops(sessions)->withdraw(sessions->store, &write->request);
    metric_add(&sessions->metrics->sessions.given_up, 1);
    session_record_mark_unwritten(write->session);
    finish(write, false);
}

void room_write_start(struct room_write *write, struct client_session *session)
{
    struct sessions *sessions = session->sessions;

    write->session = session;
    write->request = (struct session_request){.on_done = on_done};
    list_append(&session->writes, &write->of_session);
    list_append(&sessions->writes, &write->of_all);
    deadline_init(&write->timeout);
    deadline_arm(&write->timeout, &sessions->timeouts);
    if (sessions_store_is_up(sessions))
        send_write(write);
}

void room_write_cancel(struct room_write *write)
{
    struct client_session *session = write->session;

    sessions_ops(session->sessions)->withdraw(session->sessions->store, &write->request);
    detach(write);
    if (!write->leaves || write->left)
        session_record_mark_unwritten(session);
}

void room_write_init(struct sessions *sessions, struct deadlines *clock)
{
    list_init(&sessions->writes);
    deadline_queue_init(&sessions->timeouts, clock, SESSION_WAIT_MS, on_timeout, sessions);
}

void room_write_fini(struct sessions *sessions)
{
    deadline_queue_fini(&sessions->timeouts);
}

void room_write_on_up(struct sessions *sessions)
{
    list_for_each (node, &sessions->writes) {
        struct room_write *write = list_entry(node, struct room_write, of_all);
        if (!write->request.pending)
            send_write(write);
    }
}
