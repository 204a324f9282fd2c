// The contexts of libwebsockets, whose tables of descriptors differ in size.
//
// For every connection that ends, the library searches the whole table of its context, which has a
// place for each descriptor. So a connection goes into the smallest table that has its descriptor.
// The kernel gives each the lowest that is free: what a connection costs follows the number of
// those that are open, not the number of those that may be (decision 024).
#pragma once

#include <stdint.h>

#include "edge/adapters/event_loop.h"

struct lws_protocols;
struct lws_vhost;
struct websocket_tables;

// Tables for as many descriptors as `max_connections` and the rest of the process need. `protocols`
// are borrowed; lws_vhost_user() of every vhost returns `user`. NULL with one log line if the
// library cannot start.
NODISCARD struct websocket_tables *websocket_tables_new(struct event_loop *loop,
                                                        uint32_t max_connections,
                                                        const struct lws_protocols *protocols,
                                                        void *user);
// The vhost that adopts this descriptor.
struct lws_vhost *websocket_tables_find(const struct websocket_tables *tables, int fd);

// Ends every connection at once.
void websocket_tables_close(struct websocket_tables *tables);
// Call after websocket_tables_close(), once the loop has closed the handles. NULL is ignored.
void websocket_tables_free(struct websocket_tables *tables);
