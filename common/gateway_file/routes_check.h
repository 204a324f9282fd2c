// Checks routes against the rest of the gateway's file: no event may go where nobody can be, and no
// client may pass for a service.
#pragma once

#include "common/gateway_file/client_event_types.h"
#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"

struct checked_routes {
    const struct room_types *rooms;
    const struct routes *routes;
    const struct client_event_types *client_events;
};

// Checks the routes of the file that the reader has.
NODISCARD bool routes_check(struct file_reader *r, const struct checked_routes *c);

// Checks them once more when the routes of the reader's file, another one, were added.
NODISCARD bool routes_check_added(struct file_reader *r, const struct checked_routes *c);
