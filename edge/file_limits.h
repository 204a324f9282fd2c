// Where the edge runs, and what follows from it: its name, the files beside it, the limits of the
// operating system.
#pragma once

#include "common/buffer.h"
#include "edge/edge_settings.h"

// Raises the limit of open files as far as it goes: each client is one.
void raise_file_limit(void);

// How many connections there may be at one time, by the settings and the limit of open files.
uint32_t count_connections(const struct edge_settings *settings);
// How many bytes clients may make the edge hold: by the settings, or by what the process may use.
size_t count_memory(const struct edge_settings *settings);
// How many of the other descriptors to hold in reserve.
unsigned count_spare_files(void);

// Puts the name of this edge into `out`: that of the settings, or host, process and chance.
void make_edge_id(const struct edge_settings *settings, struct buffer *out);

// Puts the folder of the client bundle into `out`: that of the settings, or beside the program,
// as it is built or installed.
void find_bundle_folder(const struct edge_settings *settings, struct buffer *out);
