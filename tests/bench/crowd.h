// Clients that come back, with what each of them lived through. A crowd may have a thread of its
// own, so that it is read while the others are busy.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "tests/bench/clients.h"
#include "tests/bench/continuity.h"

struct crowd {
    struct clients *clients;
    struct continuity continuity;
    char **tokens; // each client is a user
    uint32_t count;
    pthread_t thread;
    bool has_thread;
    atomic_bool over;
};

struct crowd_plan {
    const uint16_t *ports; // all dial the first one first if they are `together`
    size_t port_count;
    bool together;
    const char *secret, *prefix; // of their tokens, and of their users' names
    uint32_t count, rooms;
    uint32_t back_ms, back_max_ms, in_flight; // as clients.h has it
};

// Connects all and brings them into their rooms. False with the reason on stderr; to be ended in
// any case.
NODISCARD bool crowd_begin(struct crowd *crowd, const struct crowd_plan *plan);
void crowd_end(struct crowd *crowd);

// Reads it in a thread until crowd_rest(); then its continuity may be looked at.
NODISCARD bool crowd_go(struct crowd *crowd);
void crowd_rest(struct crowd *crowd);
