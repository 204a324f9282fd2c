// The gateway's file, completed by the settings: who may join the types that do not say it
// (ROOM_AUTHORIZATION), and the services of the types that have settings.
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "edge/edge_settings.h"

// Returns NULL, with a line in `errors` for each fault, if the file cannot be used. Borrows nothing
// of the settings. `assumes` becomes true if a type does not say who may join.
NODISCARD struct gateway_file *edge_rooms_load(const struct edge_settings *settings, bool *assumes,
                                               struct buffer *errors);
