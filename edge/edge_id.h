// The name of an edge: in its logs, in Redis, and as the origin of what it publishes.
#pragma once

#include "common/buffer.h"

// Appends the id and a NUL behind it: `wanted` (EDGE_ID), or if that is NULL the host's name, the
// process id and six random characters.
void edge_id_make(const char *wanted, struct buffer *out);
