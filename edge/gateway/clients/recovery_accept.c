#define LOG_MODULE "recovery"

#include "edge/gateway/clients/recovery_accept.h"

#include "common/log.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/session_record.h"
#include "edge/gateway/clients/session_touch.h"
#include "edge/gateway/clients/sessions.h"
#include "edge/gateway/delivery/offset.h"
#include "edge/socketio/connect.h"

// The client keeps its old offset until it gets the first event of the new session, and would send
// it with the new session's id. If this edge has delivered up to it, that is harmless: a replay
// begins at the joins, which are later. Otherwise the new session's record names the offset, so
// that a recovery with it is refused.
static struct span stale_offset(const struct recovery_attempt *attempt)
{
    struct cut had;

    delivery_cut(attempt->recovery->delivery, &had);
    if (!attempt->request.offset_good || cut_covers(&had, &attempt->request.cut))
        return (struct span){0};
    return buffer_span(&attempt->request.offset);
}

bool recovery_accept(struct recovery *recovery, struct client *client)
{
    struct recovery_attempt *attempt = client->attempt;
    struct span id = {0};

    if (!attempt) {
        sio_socket_accept(client->socket);
        return false;
    }
    if (attempt->ready) {
        id = buffer_span(&attempt->session.socket_id);
        client->session = client_session_resume(recovery->sessions, client, &attempt->session);
    } else {
        client->session = client_session_begin(recovery->sessions, client, stale_offset(attempt));
    }
    sio_socket_accept_recoverable(client->socket, id,
                                  (struct span){client->session->id, SESSION_ID_LEN});
    if (attempt->ready)
        return true;
    recovery_attempt_free(attempt);
    return false;
}

static void note_room(struct span room, void *arg)
{
    const struct client *client = arg;
    const struct room_note note = client_session_note(client->session);

    client_session_keep_note(client->session, room, &note);
}

void recovery_begin(struct client *client)
{
    if (!client->session)
        return;
    sio_socket_each_room(client->socket, note_room, client);
    sessions_add(client->session);
}

struct span recovery_offset(const struct client *client)
{
    return buffer_span(&client->attempt->request.offset);
}

struct buffer recovery_take_ended(const struct client *client)
{
    struct buffer ended = client->attempt->ended;

    client->attempt->ended = (struct buffer){0};
    return ended;
}

static void rejoin(struct recovery *recovery, struct client *client,
                   const struct claimed_session *session)
{
    for (size_t i = 0; i < session->room_count; i++) {
        const struct session_room *room = &session->rooms[i];
        if (sio_socket_join(client->socket, room->name) != ROOMS_JOINED)
            continue; // over the limit, if MAX_ROOMS_PER_SOCKET was lowered meanwhile
        const struct room_note note = {room->joined, room->granted_ms, room->by_action};
        client_session_keep_note(client->session, room->name, &note);
        if (session->left || room->entered)
            room_events_announce(recovery->room_events, client, room->name, "user_joined");
        regrants_check(recovery->regrants, client, room->name);
    }
}

// The claim has cleared the session's freshness, so it is written at once, with the offset of the
// replay's last event or, if nothing was missed, the client's own. The moment is set to 0 because
// this touch has said what was sent last.
void recovery_replay(struct recovery *recovery, struct client *client)
{
    struct recovery_attempt *attempt = client->attempt;
    char text[OFFSET_TEXT_MAX];
    struct span sent = buffer_span(&attempt->request.offset);

    for (size_t i = 0; i < attempt->replay.count; i++)
        sio_socket_send(client->socket, attempt->replay.frames[i]);
    if (attempt->replay.count > 0)
        sent = (struct span){text, offset_print(&attempt->replay.last, text)};
    sio_socket_set_moment(client->socket, 0);
    session_touch_with(client->session, sent.len > 0 ? sent : SPAN_LIT("-"));
    rejoin(recovery, client, &attempt->session);
    if (attempt->let_in)
        session_record_mark_unwritten(client->session);
    metric_add(&recovery->metrics->recoveries[RECOVERY_DONE], 1);
    metric_add(&recovery->metrics->replayed, attempt->replay.count);
    log_debug("session recovered socket=%s rooms=%zu events=%zu", sio_socket_id(client->socket),
              attempt->session.room_count, attempt->replay.count);
    recovery_attempt_free(attempt);
}
