// Reads the template of a route's rooms, as in "user:{userId|guestId}", or "user:{watchers[]}" for
// a room for each element of a list in the body, or "*" for every client.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"

// Members that the template names become sources of the route. `types` are those that a room may
// have besides "user"; NULL: any.
NODISCARD bool room_template_read(struct file_reader *r, const struct room_types *types,
                                  struct json_view value, struct route *route,
                                  struct route_room *room);

// Adds a member of the body to the alternatives `from` and, if it is not there yet, to the sources
// of the route. `where` is for the error.
NODISCARD bool route_add_source(struct file_reader *r, struct route *route, struct span name,
                                struct route_sources *from, struct span where);
