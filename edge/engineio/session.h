// One Engine.IO client: a session that outlives the HTTP requests and survives the change from
// long-polling to WebSocket.
//
// Messages go out in the order in which they were sent, whatever transport carries them. Sending
// queues; the server's flush writes, once per turn of the loop.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/public_id.h"
#include "edge/engineio/frame.h"
#include "edge/engineio/ip_prefix.h"

struct eio_server;
struct eio_session;

// Why a session ended, in the words that Socket.IO servers use.
enum eio_close_reason {
    EIO_TRANSPORT_CLOSE = 0, // the client went away or said goodbye
    EIO_TRANSPORT_ERROR,
    EIO_PING_TIMEOUT,
    EIO_PARSE_ERROR,
    EIO_FORCED_CLOSE,  // asked for from above
    EIO_SLOW_CONSUMER, // its outbox passed the limit
    EIO_SHUTTING_DOWN,
    EIO_RATE_LIMIT,    // it sent too much, and went on when it was told
    EIO_MEMORY_LIMIT,  // it made the process hold more, when there was nothing left
    EIO_CLOSE_REASONS, // how many there are
};
const char *eio_close_reason_str(enum eio_close_reason reason);

// Queues the frame and those that follow it; takes references of its own. Nothing happens on a
// session that is closing. When the outbox would pass its limit, what the transport takes is
// written first; one whose transport takes too little is closed instead.
void eio_session_send(struct eio_session *session, struct frame *frame);

// Sends what is queued, as far as the transport takes it at once, and ends the session. The
// server's on_close is called once, later in the same turn; safe from any callback, any number
// of times.
void eio_session_close(struct eio_session *session, enum eio_close_reason reason);

// The layer above knows its client now. Until then it is a stranger, and a message of its may have
// EIO_STRANGER_MESSAGE_MAX bytes only.
void eio_session_admit(struct eio_session *session);

#define EIO_STRANGER_MESSAGE_MAX 65536

// What this session and all others of the same key send counts together as well. The first key
// that a session is given is its own for good.
void eio_session_share_rate(struct eio_session *session, struct span key);

// True until eio_session_close() or the end of the transport.
bool eio_session_is_open(const struct eio_session *session);

// What everybody but the client calls it, logs included: its public id. The session id itself never
// leaves this library, for whoever knows it can take the session over.
struct public_id eio_session_name(const struct eio_session *session);
// The client's address, as ip_prefix_text() has it.
struct ip_text eio_session_peer(const struct eio_session *session);
unsigned eio_session_version(const struct eio_session *session); // Engine.IO revision: 3 or 4
bool eio_session_on_websocket(const struct eio_session *session);

// The layer above keeps one pointer here.
void *eio_session_data(const struct eio_session *session);
void eio_session_set_data(struct eio_session *session, void *data);
