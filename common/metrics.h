// Counters and gauges that one thread writes and another may read, and their Prometheus text.
//
// A program has one struct of `metric` fields and one table that names them. Label values come
// from fixed lists, never from a peer, so their number is bounded.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

typedef _Atomic uint64_t metric;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

struct metric_info {
    const char *name;   // "ws_edge_deliveries_total"
    const char *labels; // "transport=\"polling\"" or NULL
    enum metric_type type;
    size_t offset; // of the field in the metrics struct
    const char *help;
};

// One writer thread: a relaxed load and store, no locked instruction.
static inline void metric_add(metric *m, uint64_t n)
{
    atomic_store_explicit(m, atomic_load_explicit(m, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline void metric_sub(metric *m, uint64_t n)
{
    atomic_store_explicit(m, atomic_load_explicit(m, memory_order_relaxed) - n,
                          memory_order_relaxed);
}

static inline void metric_set(metric *m, uint64_t n)
{
    atomic_store_explicit(m, n, memory_order_relaxed);
}

static inline uint64_t metric_get(const metric *m)
{
    return atomic_load_explicit(m, memory_order_relaxed);
}

// Appends every metric of `table` in Prometheus' text format. Rows of one name (with different
// labels) stand together in the table and share one HELP and TYPE.
void metrics_print(const struct metric_info *table, size_t count, const void *metrics,
                   struct buffer *out);
