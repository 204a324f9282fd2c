#include "edge/gateway/clients/sessions.h"

#include "edge/gateway/clients/room_write.h"
#include "edge/gateway/clients/session_record.h"
#include "edge/gateway/clients/session_touch.h"

void sessions_init(struct sessions *sessions, struct deadlines *clock)
{
    list_init(&sessions->all);
    session_record_init(sessions, clock);
    session_touch_init(sessions, clock);
    room_write_init(sessions, clock);
}

void sessions_fini(struct sessions *sessions)
{
    session_record_fini(sessions);
    session_touch_fini(sessions);
    room_write_fini(sessions);
}

// Records that may be lacking are marked first: a leave depends on that.
void sessions_on_up(struct sessions *sessions, bool may_lack)
{
    session_record_on_up(sessions, may_lack);
    room_write_on_up(sessions);
}

void sessions_add(struct client_session *session)
{
    session_touch_start(session);
    session_record_put(session);
}

void sessions_end(struct client_session *session, struct session_request *request)
{
    struct sessions *sessions = session->sessions;

    session_record_flush(session);
    sessions_ops(sessions)->end(sessions->store, client_session_key(session),
                                session_freshness(session), request);
}
