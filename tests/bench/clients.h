// Many Socket.IO clients over WebSocket in one epoll loop, each as cheap as possible.
//
// They know just enough of the protocols: the handshakes, whole unmasked frames, pings of both
// kinds, and for recovery the session's id and the offset of the last event. Client i is in room
// "conversation:bench-<i % rooms>".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct clients;

// The client is in its room: it has joined, for the first time or again, or was `recovered` with
// its session.
typedef void clients_ready_fn(void *user, uint32_t client, bool recovered);

// A client that was ready has lost its connection.
typedef void clients_lost_fn(void *user, uint32_t client);

// A client got the packet of an event, `42[...]`; borrowed until return. `now_ns`: when it was
// read.
typedef void clients_event_fn(void *user, uint32_t client, struct span packet, uint64_t now_ns);

struct clients_options {
    const uint16_t *ports; // loopback ports; clients take them in turn
    size_t port_count;
    bool together; // all clients connect to the first port first
    bool anywhere; // a client that lost its connection goes to any port, not to the next one
    const char *const *tokens;
    size_t token_count; // clients take them in turn
    uint32_t most;      // largest number of clients
    uint32_t rooms;     // 0: the clients join none
    // The room of a client, instead of i % rooms; or NULL.
    uint32_t (*room_of)(void *user, uint32_t client);
    // If its connection ends, a client connects to the next port: like the official client after
    // about back_ms, doubled with each failure up to back_max_ms. 0: it does not reconnect.
    uint32_t back_ms, back_max_ms;
    bool recovers;              // a client that reconnects asks for its session
    uint32_t in_flight;         // clients that may reconnect at one time; 0: any number
    clients_ready_fn *on_ready; // or NULL
    clients_lost_fn *on_lost;   // or NULL
    clients_event_fn *on_event; // or NULL
    void *user;
};

// Borrows what the options point to.
NODISCARD struct clients *clients_new(const struct clients_options *options);
void clients_free(struct clients *clients);

// Connects until `count` clients are ready, at most `in_flight` at one time. A client is ready when
// it got `connected` and, with rooms, the answer to its join. Returns false with the reason on
// stderr.
NODISCARD bool clients_connect(struct clients *clients, uint32_t count, uint32_t in_flight);

// Reads what has come; waits up to `ms` for something. Returns true if something came.
bool clients_read(struct clients *clients, int ms);

// Reads for this time.
void clients_read_for(struct clients *clients, uint64_t ns);

// Prints "ready" and reads until stdin has input or ends.
void clients_read_until_told(struct clients *clients);

// Reads until nothing has come for `ms`.
void clients_settle(struct clients *clients, int ms);

// Closes all connections. The clients reconnect at once if they reconnect at all.
void clients_hang_up(struct clients *clients);

// How many clients are ready now.
uint32_t clients_ready(const struct clients *clients);

// How many connections have ended, by the gateway, an error or clients_hang_up().
uint32_t clients_closed(const struct clients *clients);
