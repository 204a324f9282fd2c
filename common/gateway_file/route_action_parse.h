// Reads the action of a route: {"user":"{userId}","room":"conversation:{conversationId}"}.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"

// Reads the value of "leave", or of "disconnect" if `disconnects`. `types` as in room_template.h.
NODISCARD bool route_action_read(struct file_reader *r, const struct room_types *types,
                                 struct json_view value, bool disconnects, struct route *route);
