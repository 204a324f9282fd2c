// Finds environment variables that look like misspelt settings.
#pragma once

#include "common/settings.h"

// Adds a line to `warnings` for each variable that no program of the project knows and whose name
// is close to a known one: JWT_SECRETT, jwt_secret, LOG_LEVLE. Values are not shown.
void settings_find_typos(struct buffer *warnings);

// The settings of all programs, since they may share an environment; NULL-terminated. CMake
// collects them from the tables of the programs.
const char *const *setting_names(void);

// How many letters must be inserted, removed, changed, or swapped with a neighbour to turn one word
// into the other, whatever the case. Counts up to TYPO_DISTANCE_MAX.
#define TYPO_DISTANCE_MAX 3
unsigned typo_distance(struct span a, struct span b);
