// The file of EVENT_ROUTES_FILE: {"routes": […]}, which are added to those that there are.
#pragma once

#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/routes.h"

// Adds the routes of the reader's text. A route replaces the one with its routing key. If it
// returns false, some routes may have been added.
NODISCARD bool routes_file_add(struct file_reader *r, struct routes *routes);
