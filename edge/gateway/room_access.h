// Who may join which room. The answer may come later, from a service elsewhere, so it always
// comes by callback; whoever asks must be ready for both.
#pragma once

#include "common/attr.h"
#include "edge/gateway/identity.h"

enum room_authorization {
    ROOM_AUTHORIZATION_OPEN = 0, // everybody may join everything
    ROOM_AUTHORIZATION_CLAIMS,   // what the token lists in its claim "rooms"
};

enum room_verdict {
    ROOM_GRANTED = 0,
    ROOM_FORBIDDEN,
    ROOM_UNAVAILABLE, // nobody could be asked
};

typedef void (*room_verdict_fn)(enum room_verdict verdict, void *arg);

struct room_access;

NODISCARD struct room_access *room_access_new(enum room_authorization authorization);
void room_access_free(struct room_access *access);

// Calls `on_verdict` exactly once, now or later. Borrows `who` and `room` until return.
void room_access_ask(struct room_access *access, const struct identity *who, struct span room,
                     room_verdict_fn on_verdict, void *arg);
