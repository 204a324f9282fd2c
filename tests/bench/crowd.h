// Clients that reconnect, and the continuity of each. A crowd may have a thread of its own, so that
// it is read while others are busy.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "tests/bench/clients.h"
#include "tests/bench/continuity.h"

struct crowd {
    struct clients *clients;
    struct continuity continuity;
    char **tokens; // one for each client, of a user of its own
    uint32_t count;
    pthread_t thread;
    bool has_thread;
    atomic_bool over;
};

struct crowd_plan {
    const uint16_t *ports; // with `together` all clients connect to the first one first
    size_t port_count;
    bool together;
    const char *secret, *prefix; // of the tokens, and of the names of the users
    uint32_t count, rooms;
    uint32_t back_ms, back_max_ms, in_flight; // see clients.h
};

// Connects all clients and joins their rooms. Returns false with the reason on stderr. Call
// crowd_end() in any case.
NODISCARD bool crowd_begin(struct crowd *crowd, const struct crowd_plan *plan);
void crowd_end(struct crowd *crowd);

// Reads the crowd in a thread until crowd_rest(), after which its continuity may be read.
NODISCARD bool crowd_go(struct crowd *crowd);
void crowd_rest(struct crowd *crowd);
