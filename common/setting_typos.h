// Finds environment variables that look like misspelt settings.
#pragma once

#include "common/settings.h"

// Adds a line to `warnings` for each variable that no program of the project knows and whose name
// is close to a known one: JWT_SECRETT, jwt_secret, LOG_LEVLE. Values are not shown.
void settings_find_typos(struct buffer *warnings);

// The variables of all programs, which may share an environment; NULL-terminated. CMake reads them
// from the tables of the programs.
const char *const *setting_names(void);

// How many letters must be put in, left out, changed, or swapped with their neighbour to make one
// word of the other, in whatever case; more than TYPO_DISTANCE_MAX are not counted.
#define TYPO_DISTANCE_MAX 3
unsigned typo_distance(struct span a, struct span b);
