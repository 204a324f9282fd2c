// What the kernel says of this process, in Prometheus' text, under the names that dashboards know
// from Prometheus' own client libraries: process_open_fds and the like.
#pragma once

#include <stdint.h>

#include "common/buffer.h"

// Reads /proc at every call; counting the open files costs a look at each. For the thread of the
// operations port, not for one that serves clients. `started_ms` is wall clock. What cannot be
// read is left out.
void process_metrics_print(uint64_t started_ms, struct buffer *out);
