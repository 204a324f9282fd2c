// How many connections of clients are open, in all and of each address.
//
// Proxies that are trusted do not count as an address: they bring many clients.
#pragma once

#include "common/key_counter.h"
#include "edge/adapters/listener/listener_options.h"

struct connections {
    struct listener_metrics *metrics; // has their number
    const struct trusted_proxies *proxies;
    uint32_t max, max_per_address; // 0 per address: any number
    struct key_counter *addresses; // NULL: not limited
};

void connections_init(struct connections *connections, const struct listener_options *options,
                      struct listener_metrics *metrics);
void connections_fini(struct connections *connections); // all have left

bool connections_are_full(const struct connections *connections);

// One more. What it returns goes with the connection until connections_leave(); NULL is an address
// that is not counted.
struct key_count *connections_enter(struct connections *connections,
                                    const struct sockaddr *address);
void connections_leave(struct connections *connections, struct key_count *address);
// Whether more of this address are open than may be.
bool connections_are_too_many(const struct connections *connections,
                              const struct key_count *address);
