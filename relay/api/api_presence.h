// Who is online, and how many are in a room.
#pragma once

#include "common/side_port.h"
#include "relay/api/api_paths.h"

struct api;

#define API_PRESENCE_MAX 100 // names in one request

// The request is whole. `path` is one of presence.
void api_presence(struct api *api, struct side_request *request, const struct api_path *path);
