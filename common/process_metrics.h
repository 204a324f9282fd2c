// Metrics of the process as the kernel knows them, in Prometheus' text format and under the names
// of Prometheus' own client libraries, such as process_open_fds.
#pragma once

#include <stdint.h>

#include "common/buffer.h"

// Reads /proc at each call, with an entry for each open file: call it on the thread of the
// operations port, not on one that serves clients. `started_ms` is wall clock. A metric that cannot
// be read is left out.
void process_metrics_print(uint64_t started_ms, struct buffer *out);
