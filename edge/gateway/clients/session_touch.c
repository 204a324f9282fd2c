#include "edge/gateway/clients/session_touch.h"

#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/session_record.h"

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
// answered. Then `sent` stays empty, and the store keeps the offset that it has.
struct span session_freshness(const struct client_session *session)
{
    struct sessions *sessions = session->sessions;
    uint64_t moment = sio_socket_moment(session->client->socket);
    char text[OFFSET_TEXT_MAX];
    struct cut sent;

    if (moment == 0)
        return print_freshness(sessions, (struct span){0});
    if (!log_tail_cut(sessions->delivery->tail, moment, &sent))
        return (struct span){0}; // the tail does not reach back to that moment
    return print_freshness(sessions, (struct span){text, offset_print(&sent, text)});
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
static void touch(struct client_session *session, struct span freshness)
{
    struct sessions *sessions = session->sessions;

    session_touch_start(session);
    if (session->writing.pending || !sessions_store_is_up(sessions))
        return;
    session->writing.on_done = on_touched;
    session->touched_moment = sio_socket_moment(session->client->socket);
    metric_add(&sessions->metrics->sessions.writes, 1);
    sessions_ops(sessions)->touch(sessions->store, client_session_key(session), freshness,
                                  &session->writing);
}

void session_touch_with(struct client_session *session, struct span sent)
{
    touch(session, print_freshness(session->sessions, sent));
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
