// Keeps in a store, for all edges and relays, which users are connected to this edge and how many
// clients are in its rooms (decision 026).
//
// Of a user the first and the last connection are written, a few milliseconds after they happened,
// and what changes in between once a second at most. A user who has left counts as online for a
// grace, so a reconnect within it is not written at all. What could not be written is written when
// the store is back.
//
//              ┌────────────────── size has changed ──────────────────┐
//     new ─▶ DIRTY ─▶ SENT ─▶ COOLING ─▶ RESTING ─▶ LEAVING (a user) ─┘
//              ▲         │ failed               └── a new connection ──▶ RESTING
//              └─────────┘
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/presence/presence_metrics.h"
#include "edge/gateway/presence/presence_options.h"

struct presence;

// Sets the handlers of the store, and watches the rooms if the file wants presence of any.
NODISCARD struct presence *presence_new(const struct presence_options *options,
                                        struct deadlines *clock, struct presence_metrics *metrics);
// NULL is allowed, here and below.
void presence_free(struct presence *presence);

// Call with each announcement of the edge, and after it: finds out whether the store still has what
// was written.
void presence_beat(struct presence *presence);

// Keeps what this file wants from now on; borrowed. Users and rooms that are there already are
// written if they are kept now, and taken out if they are no more. Who has left keeps the grace
// that he was given.
void presence_replace_file(struct presence *presence, const struct gateway_file *file);
