// Loads the settings of the edge at the start: from ./.env and the environment, with defaults that
// depend on other settings, and with the content of the files that settings name.
#pragma once

#include "edge/edge_settings.h"

// Fills `settings`, whose texts live as long as the process. False when a setting is wrong:
// `errors` then has a line for each fault, not only for the first. `warnings` gets a line for
// whatever is allowed but may be a mistake.
NODISCARD bool edge_settings_load(struct edge_settings *settings, struct buffer *errors,
                                  struct buffer *warnings);
