// Waits for the verdict whether a client may be in a room; embedded in the structure that asks.
#pragma once

#include "common/list.h"
#include "edge/gateway/clients/client.h"

enum room_verdict {
    ROOM_GRANTED = 0,
    ROOM_FORBIDDEN,
    ROOM_UNAVAILABLE, // no service gave an answer
};

struct authorization_request;
struct key_count;

struct authorization_waiter {
    const struct client *client; // the token is that of this client
    // Called exactly once, at once or later, unless the waiter is cancelled. May free the waiter.
    void (*on_verdict)(struct authorization_waiter *waiter, enum room_verdict verdict);
    // Private to authorization_requests:
    struct list node;
    struct authorization_request *request; // NULL: waits for none
    struct key_count *counted;
};
