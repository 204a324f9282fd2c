// Somebody who waits for the verdict on a room; embedded in whoever asks.
#pragma once

#include "common/list.h"
#include "edge/gateway/clients/client.h"

enum room_verdict {
    ROOM_GRANTED = 0,
    ROOM_FORBIDDEN,
    ROOM_UNAVAILABLE, // nobody could be asked
};

struct room_question;
struct tally_entry;

struct room_waiter {
    const struct client *client; // whose token is shown
    // Called exactly once, now or later, unless the waiter is withdrawn. May free the waiter.
    void (*on_verdict)(struct room_waiter *waiter, enum room_verdict verdict);
    // Of whoever has the answer:
    struct list node;
    struct room_question *question; // NULL: waits for none
    struct tally_entry *counted;
};
