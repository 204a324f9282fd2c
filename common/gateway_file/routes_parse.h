// Parses a list of routes.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"

// Adds the routes of `list` to `into`, which must be empty. Unless `rooms` is NULL, each room must
// be a user's or of one of these types.
NODISCARD bool routes_parse(struct file_reader *file, struct json_view list,
                            const struct room_types *rooms, struct routes *into);
