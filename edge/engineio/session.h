// One Engine.IO client: a session that outlives the HTTP requests and survives the change from
// long-polling to WebSocket.
//
// Messages go out in the order in which they were sent, whatever transport carries them. Sending
// queues; the server's flush writes, once per turn of the loop.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/deadlines.h"
#include "common/public_id.h"
#include "edge/engineio/ip_prefix.h"
#include "edge/engineio/options.h"

struct eio_server;
struct eio_session;

const char *eio_close_reason_str(enum eio_close_reason reason); // "transport close"

// Queues the frame and those that follow it; takes references of its own. Does nothing on a session
// that is closing. If the frame does not fit, because of the outbox's limit or the memory budget,
// the transport writes what it can first; if that makes too little room, the session is closed.
void eio_session_send(struct eio_session *session, struct frame *frame);
// The same for a frame that many sessions get, and that nobody waits for: while the server is busy,
// it may be held back for a few milliseconds, so that it shares a write with others.
void eio_session_deliver(struct eio_session *session, struct frame *frame);

// Ends the session. The next eio_server_flush() that gets to it sends what is queued, as far as the
// transport takes it at once, and calls on_close. May be called from any callback, any number of
// times; the first reason counts.
void eio_session_close(struct eio_session *session, enum eio_close_reason reason);

// The layer above has accepted the client. Until it calls this, the client is a stranger: a message
// may have only EIO_STRANGER_MESSAGE_MAX bytes, and its rate of bytes is low (see rate_limit.h).
void eio_session_admit(struct eio_session *session);

#define EIO_STRANGER_MESSAGE_MAX 65536

// From now on the session's messages also count against the rate that all sessions with this key
// share. A session keeps its first key; further calls do nothing.
void eio_session_share_rate(struct eio_session *session, struct span key);

// True until eio_session_close() or the end of the transport.
bool eio_session_is_open(const struct eio_session *session);

// The session's public id, for logs and for everybody but the client. The session id itself goes to
// the client alone, because whoever knows it can take the session over.
struct public_id eio_session_name(const struct eio_session *session);
// The client's address, as ip_prefix_text() writes it.
struct ip_text eio_session_peer(const struct eio_session *session);
unsigned eio_session_version(const struct eio_session *session); // Engine.IO revision: 3 or 4

// A pointer that belongs to the layer above; NULL at first.
void *eio_session_data(const struct eio_session *session);
void eio_session_set_data(struct eio_session *session, void *data);

// ---- for engineio's own files

// What the request of a handshake says about its session.
struct eio__session_options {
    struct ip_prefix peer;
    uint8_t version; // 3 or 4
    bool base64;
};

// Makes a session with a new random id. Its transport is long-polling until a WebSocket becomes it.
// The server owns the session.
NODISCARD struct eio_session *eio__session_new(struct eio_server *server,
                                               const struct eio__session_options *options);
void eio__session_free(struct eio_session *session);
// The session with this id, in any state; NULL if there is none.
struct eio_session *eio__session_find(struct eio_server *server, struct span sid);

// Lets the next flush write the session's frames, those that are held too.
void eio__session_mark_dirty(struct eio_session *session);
// Takes the session off the list that it waits in, if any.
void eio__session_unqueue(struct eio_session *session);
// Takes the first `n` frames off the outbox, after they were sent.
void eio__session_drop_sent(struct eio_session *session, uint32_t n);
// The largest message in bytes that the client may send.
size_t eio__session_max_message(const struct eio_session *session);

// Starts the wait for the next heartbeat. Revision 4: the server pings after ping_interval_ms.
// Revision 3: the client must ping within ping_interval_ms + ping_timeout_ms.
void eio__session_expect_heartbeat(struct eio_session *session);
// Handlers of the deadline `heartbeat` of a session.
void eio__session_on_ping_due(struct deadline *deadline, void *arg);
void eio__session_on_heartbeat_missing(struct deadline *deadline, void *arg);
