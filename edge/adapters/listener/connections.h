// Counts the open connections of clients, in total and for each address.
//
// Trusted proxies are not counted as an address, because many clients come from each.
#pragma once

#include "common/key_counter.h"
#include "edge/adapters/listener/listener_options.h"

struct connections {
    struct listener_metrics *metrics; // its `connections` is the total
    const struct trusted_proxies *proxies;
    uint32_t max, max_per_address; // max_per_address 0: not limited
    struct key_counter *addresses; // NULL: not limited
};

void connections_init(struct connections *connections, const struct listener_options *options,
                      struct listener_metrics *metrics);
void connections_fini(struct connections *connections); // when all have left

bool connections_are_full(const struct connections *connections);

// Counts a new connection. The result belongs to the connection until connections_leave(); NULL if
// its address is not counted.
struct key_count *connections_enter(struct connections *connections,
                                    const struct sockaddr *address);
void connections_leave(struct connections *connections, struct key_count *address);
// True if more connections of this address are open than allowed. False for NULL.
bool connections_are_too_many(const struct connections *connections,
                              const struct key_count *address);
