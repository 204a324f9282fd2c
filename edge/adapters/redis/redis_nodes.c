#include "edge/adapters/redis/redis_nodes.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

static_assert(REDIS_NODES_MAX <= BUS_PARTS_MAX, "each server is a part of the bus");

struct redis_node {
    struct redis_settings redis;
    char what[REDIS_PLACE_MAX];
    struct redis_bus_options options;
    struct redis_bus *bus;
};

struct redis_nodes {
    struct bus interface;
    unsigned count;
    unsigned open; // while closing
    void (*on_closed)(void *arg);
    void *on_closed_arg;
    struct redis_node nodes[];
};

static struct bus *bus_of_node(struct bus *interface, unsigned node)
{
    struct redis_nodes *nodes = container_of(interface, struct redis_nodes, interface);

    return redis_bus_interface(nodes->nodes[node].bus);
}

static struct bus *bus_of_shard(struct bus *interface, unsigned shard)
{
    struct redis_nodes *nodes = container_of(interface, struct redis_nodes, interface);

    return redis_bus_interface(nodes->nodes[shard % nodes->count].bus);
}

static void publish(struct bus *bus, unsigned shard, struct span envelope)
{
    bus_publish(bus_of_shard(bus, shard), shard, envelope);
}

static void publish_control(struct bus *bus, struct span control)
{
    bus_publish_control(bus_of_node(bus, 0), control);
}

static void read_log(struct bus *bus, unsigned shard, struct position after, size_t count)
{
    bus_read(bus_of_shard(bus, shard), shard, after, count);
}

static void read_newest(struct bus *bus, unsigned shard)
{
    bus_read_newest(bus_of_shard(bus, shard), shard);
}

// The list of edges is read from the first server. The others get it too, as its writes show that a
// server was demoted: a publication is taken by a replica as well.
static void announce(struct bus *bus, size_t sockets, size_t rooms)
{
    struct redis_nodes *nodes = container_of(bus, struct redis_nodes, interface);

    for (unsigned i = 0; i < nodes->count; i++)
        bus_announce(bus_of_node(bus, i), sockets, rooms);
}

static void store_revocation(struct bus *bus, struct span user, uint64_t at_ms, uint64_t until_ms,
                             uint64_t last_ms)
{
    bus_store_revocation(bus_of_node(bus, 0), user, at_ms, until_ms, last_ms);
}

static bool tell(struct bus *bus, const struct uplink_entry *entry)
{
    return bus_tell(bus_of_node(bus, 0), entry);
}

static const struct bus_ops ops = {
    .publish = publish,
    .publish_control = publish_control,
    .read = read_log,
    .read_newest = read_newest,
    .announce = announce,
    .store_revocation = store_revocation,
    .tell = tell,
};

static void make_node(struct redis_node *node, const struct redis_bus_options *options,
                      struct bus_part part, struct event_loop *loop,
                      struct redis_bus_metrics *metrics)
{
    node->redis = redis_settings_of_node(options->redis, part.node);
    node->options = *options;
    node->options.redis = &node->redis;
    node->options.part = part;
    node->options.what = redis_settings_what(&node->redis, node->what);
    if (part.node > 0) {
        node->options.sessions = NULL;
        node->options.presence = NULL;
    }
    node->bus = redis_bus_new(&node->options, loop, metrics);
}

struct redis_nodes *redis_nodes_new(const struct redis_bus_options *options,
                                    struct event_loop *loop,
                                    struct redis_bus_metrics metrics[REDIS_NODES_MAX])
{
    unsigned count = redis_settings_nodes(options->redis);
    struct redis_nodes *nodes = mem_zalloc(sizeof(*nodes) + count * sizeof(nodes->nodes[0]));

    nodes->interface.ops = &ops;
    nodes->count = count;
    for (unsigned i = 0; i < count; i++)
        make_node(&nodes->nodes[i], options, (struct bus_part){.node = i, .nodes = count}, loop,
                  &metrics[i]);
    return nodes;
}

struct bus *redis_nodes_interface(struct redis_nodes *nodes)
{
    return &nodes->interface;
}

// The buses call the handlers themselves, so what they push takes no way around.
void redis_nodes_start(struct redis_nodes *nodes)
{
    for (unsigned i = 0; i < nodes->count; i++) {
        struct bus *bus = redis_bus_interface(nodes->nodes[i].bus);
        bus->handlers = nodes->interface.handlers;
        bus->control = nodes->interface.control;
        bus->uplink = nodes->interface.uplink;
        redis_bus_start(nodes->nodes[i].bus);
    }
}

static void on_node_closed(void *arg)
{
    struct redis_nodes *nodes = arg;

    if (--nodes->open == 0)
        nodes->on_closed(nodes->on_closed_arg);
}

void redis_nodes_close(struct redis_nodes *nodes, void (*on_closed)(void *arg), void *arg)
{
    nodes->on_closed = on_closed;
    nodes->on_closed_arg = arg;
    nodes->open = nodes->count;
    for (unsigned i = 0; i < nodes->count; i++)
        redis_bus_close(nodes->nodes[i].bus, on_node_closed, nodes);
}

void redis_nodes_free(struct redis_nodes *nodes)
{
    if (!nodes)
        return;
    for (unsigned i = 0; i < nodes->count; i++)
        redis_bus_free(nodes->nodes[i].bus);
    free(nodes);
}
