// The rooms that the templates of a route name for one event.
#pragma once

#include "common/gateway_file/routes.h"
#include "common/json_view.h"
#include "relay/routing/room_list.h"
#include "relay/routing/translate_status.h"

// Adds the rooms of one template. `values` are the event's, in the order of the route's `sources`.
// A member that is missing, null or empty names no room, and so does such an element of a list:
// there may be none, which is TRANSLATE_OK. The list must be cleared after any other status.
NODISCARD enum translate_status route_rooms_add(const struct json_view values[],
                                                const struct route_room *template,
                                                struct room_list *list);
