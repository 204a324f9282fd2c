// Loading the settings of the edge, at the start: from the environment, with what follows from
// several of them, and what stands in the files that they name.
#pragma once

#include "edge/edge_settings.h"

// Reads ./.env and the environment, and checks what spans several settings. False, and every
// fault in `errors`, when something is wrong. What may not be meant is in `warnings`.
NODISCARD bool edge_settings_load(struct edge_settings *settings, struct buffer *errors,
                                  struct buffer *warnings);
