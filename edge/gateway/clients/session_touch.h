// Touching a session each minute, so that the store keeps it, and its freshness.
//
// Freshness stands in for a write per event: it notes the offset that was sent last and what the
// edge had delivered by then, so that a client that was sent nothing since needs nothing from
// before.
#pragma once

#include "edge/gateway/clients/client_session.h"

#define SESSION_TOUCH_MS 60000

void session_touch_init(struct sessions *sessions, struct deadlines *clock);
void session_touch_fini(struct sessions *sessions);

// Touches it each minute from now on, until it is freed.
void session_touch_start(struct client_session *session);
// The same, and touches it now: `sent` was sent last ("-": nothing).
void session_touch_with(struct client_session *session, struct span sent);

// The freshness of this moment, valid until the next call. Empty: not known.
struct span session_freshness(const struct client_session *session);
