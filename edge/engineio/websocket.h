// One WebSocket as Engine.IO sees it: the transport of a session, or a probe that may become it.
//
// The adapter embeds `struct eio_websocket` in its connection and calls eio_websocket_on_*(); the
// session writes and closes through the operations. Frames are passed with their headers, ready to
// be sent.
//
// Upgrade (Engine.IO 4, "Upgrade"): the client opens a WebSocket with the sid of its polling
// session, sends "2probe", gets "3probe", waits until its last poll has ended, and sends "5". Only
// then is the WebSocket the transport.
#pragma once

#include "common/deadlines.h"
#include "edge/engineio/handshake.h"

struct eio_websocket;

struct eio_websocket_ops {
    // True when the socket took everything so far, so that write() may be called.
    bool (*can_write)(struct eio_websocket *websocket);
    // Writes `count` pieces (1 to WRITE_BATCH_MAX_FRAMES), one behind the other: frames, several of
    // them in a piece, or the rest of a cut one. Returns how many bytes the socket took. If it did
    // not take all, can_write() is false until eio_websocket_on_writable().
    size_t (*write)(struct eio_websocket *websocket, const struct span *pieces, uint32_t count);
    // Asks for eio_websocket_on_writable() when can_write() is true again.
    void (*want_writable)(struct eio_websocket *websocket);
    // Closes with this WebSocket close code, behind the rest of a cut frame; 0: at once, without a
    // close frame. eio_websocket_on_closed() follows later.
    void (*close)(struct eio_websocket *websocket, unsigned code);
};

struct eio_websocket {
    const struct eio_websocket_ops *ops;
    struct eio_session *session; // NULL once detached from it
    struct eio_server *server;
    struct deadline deadline; // until which a probe must have become the transport
    struct frame *cut;        // the frame that the socket took only a part of; NULL: none
    struct span rest;         // the bytes of `cut` that are still to be sent
    bool compresses;          // permessage-deflate was agreed on
    bool probing;             // not the transport yet
    uint8_t answers;          // how often "3probe" was sent
};

// Opens the WebSocket of a request that eio_admit_websocket() admitted in this turn of the loop,
// once the protocol was switched: opens a session, or begins the upgrade of the one that the
// request names. `compresses`: permessage-deflate was agreed on. Initialises `websocket`, which
// must stay where it is until eio_websocket_fini(); borrows `ops` for as long and the rest until
// return. False if the session cannot be upgraded any more: the adapter then closes the connection,
// without eio_websocket_on_closed().
NODISCARD bool eio_websocket_open(struct eio_websocket *websocket,
                                  const struct eio_websocket_ops *ops,
                                  const struct eio_admission *admission,
                                  const struct http_request *request, bool compresses);

// A whole message. The bytes are borrowed until return.
void eio_websocket_on_message(struct eio_websocket *websocket, enum frame_kind kind,
                              struct span bytes);
void eio_websocket_on_writable(struct eio_websocket *websocket);
// The connection is gone or is about to go, for whatever reason. The session ends, unless the
// WebSocket was a probe. Afterwards only the rest of a cut frame may still be written.
void eio_websocket_on_closed(struct eio_websocket *websocket);
// Drops the rest of a cut frame. `websocket` is not used any more.
void eio_websocket_fini(struct eio_websocket *websocket);

// Sends the rest of a cut frame, as far as the socket takes it; nothing else may be written before
// it. The adapter calls this for a connection that it is closing.
void eio_websocket_write_rest(struct eio_websocket *websocket);

// The largest message in bytes that the client may send; less while it is a stranger.
size_t eio_websocket_max_message(const struct eio_websocket *websocket);
// True once the client is no stranger any more: it may take more time for a large message.
bool eio_websocket_is_admitted(const struct eio_websocket *websocket);

// ---- for engineio's own files

// The transport of the session's WebSocket (see struct eio__transport); nothing when that is gone.
void eio__websocket_flush(struct eio_session *session);
bool eio__websocket_write_some(struct eio_session *session);

// Detaches the WebSocket from its session and closes it; 0 as `code`: without a close frame.
void eio__websocket_close(struct eio_websocket *websocket, unsigned code);
// Handler of the deadline of a probe, which it missed.
void eio__websocket_on_upgrade_late(struct deadline *deadline, void *arg);
