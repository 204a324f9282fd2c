// Admission: checks the request of a handshake, of an upgrade or of a poll, and opens sessions.
//
// A WebSocket is admitted first and opened by eio_websocket_open() once the adapter has switched
// protocols. The result of the check is passed on as a value, so nothing is looked up twice.
#pragma once

#include <stddef.h>

#include "common/attr.h"
#include "edge/engineio/session.h"
#include "edge/http/exchange.h"

// An HTTP error in Engine.IO's form: a status, and the JSON body {"code":…,"message":…}.
struct eio_refusal {
    unsigned status;
    int code; // 0–5 of the protocol; -1: this server's own refusal, whose body has no code
    const char *message;
};

// Writes the refusal's JSON body, as snprintf() would; returns its length.
int eio_refusal_print(const struct eio_refusal *refusal, char *out, size_t size);

// A request that may go ahead. Valid until the caller returns to the loop.
struct eio_admission {
    struct eio_server *server;
    struct eio_session *session;         // the one that the request names; NULL: a handshake
    struct eio__session_options opening; // what a handshake asks for
};

// Checks the request of a WebSocket. If it names a session, that must exist and be able to upgrade;
// otherwise it is a handshake, whose version, origin (eio_handlers.allow_request) and limits are
// checked. Opens nothing. False fills `refusal` and counts it.
NODISCARD bool eio_admit_websocket(struct eio_server *server, const struct http_request *request,
                                   struct eio_admission *out, struct eio_refusal *refusal);

// ---- for engineio's own files

// The same for a request of long-polling.
NODISCARD bool eio__admit_polling(struct eio_server *server, const struct http_request *request,
                                  struct eio_admission *out, struct eio_refusal *refusal);
void eio__refuse(struct http_exchange *exchange, const struct eio_refusal *refusal);

// Starts a new session, whose transport must be set: sends the open packet and calls on_open.
// `request` is that of the handshake.
void eio__open(struct eio_session *session, const struct http_request *request);
