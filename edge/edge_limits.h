// Limits that follow from the settings and from what the operating system allows: open files,
// connections, and the memory that clients may take.
#pragma once

#include "edge/edge_settings.h"

// Raises the soft limit of open files to the hard one, 1,000,000 at most: each client takes one
// descriptor. Call it before the functions below, which read the soft limit.
void raise_file_limit(void);

// How many connections may be open at one time: MAX_CONNECTIONS or a default, as far as the limit
// of open files allows. Logs a warning if MAX_CONNECTIONS is above that limit.
uint32_t count_connections(const struct edge_settings *settings);
// How many bytes clients may make the edge hold: MAX_MEMORY_BYTES, or a share of what the process
// may use.
size_t count_memory(const struct edge_settings *settings);
// How many descriptors to hold in reserve (see fd_reserve.h): fewer where only few files may be
// open.
unsigned count_reserve_files(void);
