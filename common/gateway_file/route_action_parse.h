// Reads the action of a route: {"user":"{userId}","room":"conversation:{conversationId}"}.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"

// Reads the value of "leave", "join" or "disconnect", as `act` says. `types` as in room_template.h.
NODISCARD bool route_action_read(struct file_reader *r, const struct room_types *types,
                                 struct json_view value, enum route_act act, struct route *route);
