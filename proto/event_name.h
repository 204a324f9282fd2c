// Names of events, so that each is published once (Idempotency-Key of the HTTP API). They are in
// Redis, so all relays know them.
//
// A name is taken before its event is published, and kept afterwards for a while.
#pragma once

#include "proto/control_channel.h"

struct event_name {
    struct span name;
    struct span content; // tells events of one name apart
    struct span owner;   // a random id of who publishes the event, without blanks
};

enum event_name_state {
    EVENT_NAME_NEW,  // taken for this event; event_name_settle() follows
    EVENT_NAME_DONE, // the event was published
    EVENT_NAME_BUSY, // somebody publishes the event, or does not know yet what became of it
    EVENT_NAME_USED, // by an event with another content
};

// A name that is not settled within `lease_ms` is free again. Who has it already takes it once
// more.
NODISCARD bool event_name_take(struct control_channel *channel, const struct event_name *name,
                               uint64_t lease_ms, enum event_name_state *state);
// A name that is still the owner's stays taken for `lease_ms` from now on.
NODISCARD bool event_name_keep(struct control_channel *channel, const struct event_name *name,
                               uint64_t lease_ms);
// `kept_s`: for how long the event counts as published; 0: it was not, and the name is free unless
// another owner has it by now.
NODISCARD bool event_name_settle(struct control_channel *channel, const struct event_name *name,
                                 uint64_t kept_s);
