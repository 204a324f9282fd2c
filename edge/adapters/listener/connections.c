#include "edge/adapters/listener/connections.h"

#include "edge/adapters/listener/peer_address.h"
#include "edge/engineio/ip_prefix.h"

void connections_init(struct connections *connections, const struct listener_options *options,
                      struct listener_metrics *metrics)
{
    *connections = (struct connections){
        .metrics = metrics,
        .proxies = options->proxies,
        .max = options->max_connections,
        .max_per_address = options->max_connections_per_address,
        .addresses = options->max_connections_per_address > 0 ? key_counter_new() : NULL,
    };
    metric_set(&metrics->connections_max, options->max_connections);
}

void connections_fini(struct connections *connections)
{
    key_counter_free(connections->addresses);
}

bool connections_are_full(const struct connections *connections)
{
    return metric_get(&connections->metrics->connections) >= connections->max;
}

struct key_count *connections_enter(struct connections *connections, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN];

    metric_add(&connections->metrics->connections, 1);
    if (!connections->addresses)
        return NULL;
    struct span peer = peer_address_print(address, text, sizeof(text));
    if (trusted_proxies_include(connections->proxies, peer))
        return NULL;
    struct ip_prefix prefix = ip_prefix_of(peer);
    return key_counter_add(connections->addresses, ip_prefix_key(&prefix));
}

void connections_leave(struct connections *connections, struct key_count *address)
{
    metric_sub(&connections->metrics->connections, 1);
    if (address)
        key_counter_drop(connections->addresses, address);
}

bool connections_are_too_many(const struct connections *connections,
                              const struct key_count *address)
{
    return address && key_counter_count(address) > connections->max_per_address;
}
