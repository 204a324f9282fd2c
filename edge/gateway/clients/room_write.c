#include "edge/gateway/clients/room_write.h"

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

static void send(struct room_write *write)
{
    const struct session_room room = {
        .name = write->room, .joined = write->note.joined, .granted_ms = write->note.granted_ms};
    struct session_key key = client_session_key(write->session);
    struct sessions *sessions = write->session->sessions;

    client_session_note_write(write->session);
    if (write->leaves)
        sessions_ops(sessions)->leave(sessions->store, key, write->room, write->session->acted,
                                      &write->request);
    else
        sessions_ops(sessions)->join(sessions->store, key, &room, &write->request);
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
        send(write);
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
            send(write);
    }
}
