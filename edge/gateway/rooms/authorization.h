// Who may join which room. The answer may come later, from a service elsewhere, so it always
// comes by callback; whoever asks must be ready for both.
#pragma once

#include "edge/gateway/rooms/authorization_requests.h"

enum room_authorization {
    ROOM_AUTHORIZATION_OPEN = 0, // everybody may join everything
    ROOM_AUTHORIZATION_CLAIMS,   // what the token lists in its claim "rooms"
    ROOM_AUTHORIZATION_SERVICE,  // what services say, see authorization_requests.h
};

struct room_access;

// `services` is for ROOM_AUTHORIZATION_SERVICE alone. Borrows clock and metrics.
NODISCARD struct room_access *room_access_new(enum room_authorization authorization,
                                              const struct room_inquiry_options *services,
                                              struct deadlines *clock,
                                              struct gateway_metrics *metrics);
// Nobody may wait any more.
void room_access_free(struct room_access *access);

// False for a room that cannot be asked about. It is not to be asked about then.
NODISCARD bool room_access_takes(const struct room_access *access, struct span room);

// Gives `waiter`, whose client is set, its verdict on `room`, now or later. Copies `room`.
void room_access_ask(struct room_access *access, struct room_waiter *waiter, struct span room);
// Whether services are asked, so that an answer may be another one later.
bool room_access_asks_services(const struct room_access *access);
// Whether somebody who is in the room may stay there as far as their token says.
bool room_access_may_stay(const struct room_access *access, const struct identity *who,
                          struct span room);
// For a waiter that has had no verdict yet: it gets none any more.
void room_access_withdraw(struct room_access *access, struct room_waiter *waiter);
