// Long-polling: one GET at a time waits until there are frames to send; POSTs bring the client's
// packets. For engineio's own files.
#pragma once

#include "edge/http/exchange.h"

struct eio_session;

// From now on `exchange` is the session's waiting GET.
void eio__polling_hold(struct eio_session *session, struct http_exchange *exchange);

// A request with the session's id.
void eio__polling_on_request(struct eio_session *session, struct http_exchange *exchange);

// The transport (see struct eio__transport). Answers the waiting GET with the first frames of the
// outbox. Does nothing without a waiting GET or without a frame.
void eio__polling_flush(struct eio_session *session);
bool eio__polling_write_some(struct eio_session *session);

// Answers the waiting GET, which there must be, with the first frames of the outbox and behind them
// the text packet `last_packet`.
void eio__polling_release(struct eio_session *session, const char *last_packet);
