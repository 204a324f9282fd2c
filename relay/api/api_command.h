// Commands about a user (disconnect, revoke, leave), and the list of the edges.
#pragma once

#include "common/side_port.h"
#include "relay/api/api_paths.h"

struct api;

// The request is whole. `path` is not that of an event.
void api_command(struct api *api, struct side_request *request, const struct api_path *path);
