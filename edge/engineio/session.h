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

// Queues the frame and those that follow it; takes references of its own. Nothing happens on a
// session that is closing. When the outbox would pass its limit, what the transport takes is
// written first; a session whose transport takes too little is closed instead.
void eio_session_send(struct eio_session *session, struct frame *frame);

// Sends what is queued, as far as the transport takes it at once, and ends the session. The
// server's on_close is called once, later in the same turn. Safe from any callback, any number of
// times; the first reason counts.
void eio_session_close(struct eio_session *session, enum eio_close_reason reason);

// The layer above knows who its client is. Until then the client is a stranger: a message may have
// EIO_STRANGER_MESSAGE_MAX bytes only, and its rate of bytes is small (see rate_limit.h).
void eio_session_admit(struct eio_session *session);

#define EIO_STRANGER_MESSAGE_MAX 65536

// What this session and all others of the same key send counts together as well. The first key that
// a session is given is its own for good.
void eio_session_share_rate(struct eio_session *session, struct span key);

// True until eio_session_close() or the end of the transport.
bool eio_session_is_open(const struct eio_session *session);

// What everybody but the client calls it, logs included: its public id. The session id itself never
// leaves this library, for whoever knows it can take the session over.
struct public_id eio_session_name(const struct eio_session *session);
// The client's address, as ip_prefix_text() writes it.
struct ip_text eio_session_peer(const struct eio_session *session);
unsigned eio_session_version(const struct eio_session *session); // Engine.IO revision: 3 or 4

// One pointer of the layer above.
void *eio_session_data(const struct eio_session *session);
void eio_session_set_data(struct eio_session *session, void *data);

// ---- for engineio's own files

// What the request of a handshake says about its session.
struct eio__session_options {
    struct ip_prefix peer;
    uint8_t version; // 3 or 4
    bool base64;
};

// A session of long-polling, found by a new id from now on. The server owns it.
NODISCARD struct eio_session *eio__session_new(struct eio_server *server,
                                               const struct eio__session_options *options);
void eio__session_free(struct eio_session *session);
// The session with this id, in whatever state it is; NULL if there is none.
struct eio_session *eio__session_find(struct eio_server *server, struct span sid);

// At the next flush something of the session is to be written.
void eio__session_mark_dirty(struct eio_session *session);
// Takes the first `n` frames off the outbox: they were sent.
void eio__session_drop_sent(struct eio_session *session, uint32_t n);
// The bytes that one message of the client may have.
size_t eio__session_max_message(const struct eio_session *session);

// Revision 4: the next ping is due in an interval. Revision 3: the client's ping is.
void eio__session_expect_heartbeat(struct eio_session *session);
// Deadlines, with `heartbeat` of a session.
void eio__session_on_ping_due(struct deadline *deadline, void *arg);
void eio__session_on_heartbeat_missing(struct deadline *deadline, void *arg);
