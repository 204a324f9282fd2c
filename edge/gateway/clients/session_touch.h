// Touches each session once a minute: the store then keeps it, and gets its freshness.
//
// Freshness replaces a write for each event. It is the offset that was sent last and the offset of
// what the edge had delivered by then. A client that has the first misses nothing up to the second,
// however old its own offset is.
#pragma once

#include "edge/gateway/clients/client_session.h"

#define SESSION_TOUCH_MS 60000

void session_touch_init(struct sessions *sessions, struct deadlines *clock);
void session_touch_fini(struct sessions *sessions);

// Touches the session each minute from now on, until it is freed.
void session_touch_start(struct client_session *session);
// Touches it now too. `sent` is the offset that was sent last, or "-" if none was.
void session_touch_with(struct client_session *session, struct span sent);

// The current freshness, valid until the next call. Empty if it is not known.
struct session_freshness session_freshness(struct client_session *session);
