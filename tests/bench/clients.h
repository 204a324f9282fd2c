// Many Socket.IO clients over WebSocket in one epoll loop, each as cheap as it can be.
//
// They know just enough of the protocols to be served: the handshakes, whole unmasked frames,
// pings of both kinds, and what recovery wants of a client: its session's id and the offset of the
// last event. Client i is in room "conversation:bench-<i % rooms>".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct clients;

// It is in its room: joined for the first time or again, or `recovered` with its session.
typedef void clients_ready_fn(void *user, uint32_t client, bool recovered);

// One that was ready has lost its connection.
typedef void clients_lost_fn(void *user, uint32_t client);

// An event's packet, `42[...]`; borrowed until return. The time is that of the recv behind it.
typedef void clients_event_fn(void *user, uint32_t client, struct span packet, uint64_t now_ns);

struct clients_options {
    const uint16_t *ports; // on loopback; clients take them in turn
    size_t port_count;
    bool together; // all dial the first port first
    const char *const *tokens;
    size_t token_count; // clients take them in turn
    uint32_t most;      // clients there will be
    uint32_t rooms;     // 0: they join none
    // One whose connection ends dials again, the next port: as the official client does, after
    // about back_ms, and twice as long each time that fails, up to back_max_ms. 0: it does not.
    uint32_t back_ms, back_max_ms;
    bool recovers;              // it then asks for its session
    uint32_t in_flight;         // of those that dial again, on their way at one time; 0: any number
    clients_ready_fn *on_ready; // or NULL
    clients_lost_fn *on_lost;   // or NULL
    clients_event_fn *on_event; // or NULL
    void *user;
};

// Borrows what the options point to.
NODISCARD struct clients *clients_new(const struct clients_options *options);
void clients_free(struct clients *clients);

// Connects until `count` are ready, with `in_flight` at most on their way. Ready is who has had
// `connected` and, with rooms, the answer to its join. False with the reason on stderr.
NODISCARD bool clients_connect(struct clients *clients, uint32_t count, uint32_t in_flight);

// Reads what there is, waiting for up to `ms`. True if anything came.
bool clients_read(struct clients *clients, int ms);

// Reads for so long, whatever comes.
void clients_read_for(struct clients *clients, uint64_t ns);

// Says "ready" on stdout, and reads until something comes from stdin, or its end.
void clients_read_until_told(struct clients *clients);

// Reads until nothing has come for `ms`.
void clients_settle(struct clients *clients, int ms);

// All hang up, and come back at once if they come back.
void clients_hang_up(struct clients *clients);

// How many are ready now.
uint32_t clients_ready(const struct clients *clients);

// How many connections the gateway, or an error, has ended.
uint32_t clients_closed(const struct clients *clients);
