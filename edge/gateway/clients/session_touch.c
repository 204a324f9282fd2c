#include "edge/gateway/clients/session_touch.h"

#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/session_record.h"
#include "edge/gateway/delivery/offset.h"

// Writes `sent` and the offset of what the edge has delivered by now.
static struct span print_freshness(struct sessions *sessions, struct span sent)
{
    char text[OFFSET_TEXT_MAX];
    struct cut had;

    delivery_cut(sessions->delivery, &had);
    buffer_clear(&sessions->text);
    buffer_append(&sessions->text, sent);
    buffer_append_char(&sessions->text, ' ');
    buffer_append(&sessions->text, (struct span){text, offset_print(&had, text)});
    return buffer_span(&sessions->text);
}

// Moment 0 means that no event with an offset was sent since the last touch that the store has
// answered. The offset of that touch is written again, as the store may lose it, until the tail
// does not reach back to it. From then on `sent` stays empty, and the store keeps the offset that
// it has.
struct session_freshness session_freshness(struct client_session *session)
{
    struct sessions *sessions = session->sessions;
    uint64_t new = sio_socket_moment(session->client->socket);
    uint64_t moment = new != 0 ? new : session->touched_moment;
    struct span text = {0};
    char printed[OFFSET_TEXT_MAX];
    struct cut sent;

    if (moment != 0 && log_tail_cut(sessions->delivery->tail, moment, &sent))
        text = print_freshness(sessions, (struct span){printed, offset_print(&sent, printed)});
    else if (new == 0)
        text = print_freshness(sessions, (struct span){0});
    return (struct session_freshness){text, new != 0 ? ++session->noted : session->noted};
}

// An event may have been sent while the touch was pending. Then the moment has changed and is kept
// for the next touch.
static void on_touched(struct session_request *request, enum session_result result)
{
    struct client_session *session = container_of(request, struct client_session, writing);
    struct sio_socket *socket = session->client->socket;

    switch (result) {
    case SESSION_OK:
        if (sio_socket_moment(socket) == session->touched_moment)
            sio_socket_set_moment(socket, 0); // the store has the offset that was sent last
        break;
    case SESSION_GONE:
        session_record_restore(session);
        break;
    case SESSION_TAKEN:
        client_session_lose(session);
        break;
    case SESSION_AWAY:
        break; // the next touch says the same
    }
}

void session_touch_start(struct client_session *session)
{
    deadline_arm(&session->touch_due, &session->sessions->touches);
}

// A session has at most one touch or record pending. If there is one, this touch is left out: the
// next one comes in a minute.
static void touch(struct client_session *session, struct session_freshness freshness)
{
    struct sessions *sessions = session->sessions;

    session_touch_start(session);
    if (session->writing.pending || !sessions_store_is_up(sessions))
        return;
    session->writing.on_done = on_touched;
    if (sio_socket_moment(session->client->socket) != 0)
        session->touched_moment = sio_socket_moment(session->client->socket);
    client_session_note_write(session);
    sessions_ops(sessions)->touch(sessions->store, client_session_key(session), freshness,
                                  &session->writing);
}

void session_touch_with(struct client_session *session, struct span sent)
{
    touch(session,
          (struct session_freshness){print_freshness(session->sessions, sent), ++session->noted});
}

static void on_touch_due(struct deadline *deadline, void *arg)
{
    struct client_session *session = container_of(deadline, struct client_session, touch_due);

    (void)arg;
    touch(session, session_freshness(session));
}

void session_touch_init(struct sessions *sessions, struct deadlines *clock)
{
    deadline_queue_init(&sessions->touches, clock, SESSION_TOUCH_MS, on_touch_due, sessions);
}

void session_touch_fini(struct sessions *sessions)
{
    deadline_queue_fini(&sessions->touches);
    buffer_fini(&sessions->text);
}
