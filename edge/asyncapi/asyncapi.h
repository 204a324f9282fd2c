// The AsyncAPI document of the loaded configuration, which `ws-edge --asyncapi` prints.
//
// docs/asyncapi.yaml is part of the program. What stands in it between
//
//     # from the gateway file: <part>
//     # end
//
// is written anew for the file that is loaded; all else stays. With the built-in file and the
// defaults of production the result is docs/asyncapi.yaml itself, byte by byte.
#pragma once

#include "edge/edge_settings.h"

void asyncapi_write(const struct edge_settings *settings, struct buffer *out);
