// The file of EVENT_ROUTES_FILE: {"routes": […]}, which are added to those that there are.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"

// Adds the routes of the reader's text. A route replaces the one with its routing key. Unless
// `rooms` is NULL, each room must be a user's or of one of these types. If it returns false, some
// routes may have been added.
NODISCARD bool routes_file_add(struct file_reader *r, const struct room_types *rooms,
                               struct routes *routes);
