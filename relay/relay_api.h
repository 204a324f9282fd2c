// The relay's HTTP API (relay/api): what it needs of the relay, and the relay's routes for it.
#pragma once

#include "common/attr.h"

struct relay;
struct relay_api;

// Opens the port. Returns NULL, with a line in the log, if that fails.
NODISCARD struct relay_api *relay_api_new(struct relay *relay);
// NULL is allowed, here and below.
void relay_api_free(struct relay_api *api);
// Reads the keys again, soon.
void relay_api_reload(struct relay_api *api);
