// What the operating system allows the edge, and what follows from it and the settings: how many
// files may be open, how many of them are clients, and how much memory they may take.
#pragma once

#include "edge/edge_settings.h"

// Raises the limit of open files as far as it goes: each client is one.
void raise_file_limit(void);

// How many connections there may be at one time, by the settings and the limit of open files.
uint32_t count_connections(const struct edge_settings *settings);
// How many bytes clients may make the edge hold: by the settings, or by what the process may use.
size_t count_memory(const struct edge_settings *settings);
// How many of the other descriptors to hold in reserve.
unsigned count_spare_files(void);
