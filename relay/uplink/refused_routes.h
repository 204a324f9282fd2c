// Exchanges and routing keys that RabbitMQ has closed the channel over: a missing exchange, a
// missing right. For a while their entries are dead letters without another try, since each try
// costs a connection.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/uplink.h"
#include "relay/rabbitmq/rabbitmq_types.h"

#define REFUSED_ROUTES_MAX 64 // the oldest makes room for another
#define REFUSED_ROUTE_MS   10000

struct refused_route {
    char exchange[UPLINK_NAME_MAX + 1], routing_key[UPLINK_NAME_MAX + 1];
    char reason[RABBIT_REASON_MAX];
    uint64_t until_ms;
};

struct refused_routes {
    struct refused_route items[REFUSED_ROUTES_MAX];
    size_t next;
};

void refused_routes_note(struct refused_routes *routes, const char *exchange,
                         const char *routing_key, const char *reason, uint64_t now_ms);
// Returns the reason, or NULL if the route can be tried.
const char *refused_routes_find(const struct refused_routes *routes, const char *exchange,
                                const char *routing_key, uint64_t now_ms);
