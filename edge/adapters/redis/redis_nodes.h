// The bus over several servers of Redis (REDIS_NODES): a redis_bus for each, behind one interface.
// Shard s is on server s modulo their number; control messages, revocations, sessions and presence
// are on the first, and the list of edges is on all. With one server this is its bus alone.
#pragma once

#include "edge/adapters/redis/redis_bus.h"

struct redis_nodes;

// As redis_bus_new(), with the settings of all servers. `metrics` are by server. The options `part`
// and `what` are not used.
NODISCARD struct redis_nodes *redis_nodes_new(const struct redis_bus_options *options,
                                              struct event_loop *loop,
                                              struct redis_bus_metrics metrics[REDIS_NODES_MAX]);
struct bus *redis_nodes_interface(struct redis_nodes *nodes);

// Begins to connect to all. The handlers of the interface must be set.
void redis_nodes_start(struct redis_nodes *nodes);

// Closes all, see redis_bus_close(). `on_closed` is called when the last is closed; then
// redis_nodes_free() may be called.
void redis_nodes_close(struct redis_nodes *nodes, void (*on_closed)(void *arg), void *arg);
void redis_nodes_free(struct redis_nodes *nodes);
