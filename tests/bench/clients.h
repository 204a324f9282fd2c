// Many Socket.IO clients over WebSocket in one epoll loop, each as cheap as it can be.
//
// They know just enough of the protocols to be served: the handshakes, whole unmasked frames,
// pings of both kinds. Client i is in room "conversation:bench-<i % rooms>".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct clients;

// It has joined its room, for the first time or again.
typedef void clients_ready_fn(void *user, uint32_t client);

// An event's packet, `42[...]`; borrowed until return. The time is that of the recv behind it.
typedef void clients_event_fn(void *user, uint32_t client, struct span packet, uint64_t now_ns);

struct clients_options {
    const uint16_t *ports; // on loopback; clients take them in turn
    size_t port_count;
    const char *token;
    uint32_t most;              // clients there will be
    uint32_t rooms;             // 0: they join none
    bool come_back;             // one whose connection ends connects again, to the next port
    clients_ready_fn *on_ready; // or NULL
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

// Reads until nothing has come for `ms`.
void clients_settle(struct clients *clients, int ms);

// How many are ready now.
uint32_t clients_ready(const struct clients *clients);

// How many connections the gateway, or an error, has ended.
uint32_t clients_closed(const struct clients *clients);
