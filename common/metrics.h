// Counters, gauges and histograms, written by one thread and readable by any, and their Prometheus
// text.
//
// A program has one struct of `metric` and `histogram` fields and one table that names them. Label
// values come from fixed lists, never from a peer, so their number is bounded.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

typedef _Atomic uint64_t metric;

// A row's type also says which buckets of a histogram are printed, and in which unit.
enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_INFO,         // always 1: the labels are the information; the offset is not used
    METRIC_COUNTS,       // a histogram of numbers: 1, 2, 4 … 256
    METRIC_MILLISECONDS, // of times observed in ms and printed in s: 0.001, 0.002 … 16.384
    METRIC_MICROSECONDS, // of times observed in us and printed in s: 0.000064 … 16.777216
};

// Buckets end at 1, 2, 4, 8 …, so a value's bucket is found by counting bits. The resolution is a
// factor of two.
#define HISTOGRAM_BUCKETS 26 // the last takes everything above 2^24

struct histogram {
    metric in_bucket[HISTOGRAM_BUCKETS]; // not cumulative
    metric sum;
};

struct metric_info {
    const char *name;   // "ws_edge_deliveries_total"
    const char *labels; // "transport=\"polling\"" or NULL
    enum metric_type type;
    size_t offset; // of the metric or the histogram in the metrics struct
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

// Bucket i holds values above 2^(i-1) up to 2^i; bucket 0 holds 0 and 1.
static inline unsigned histogram_bucket_of(uint64_t value)
{
    unsigned bits = value <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(value - 1);

    return bits < HISTOGRAM_BUCKETS - 1 ? bits : HISTOGRAM_BUCKETS - 1;
}

// Observes the same value `times` times, at the cost of once: two loads, two stores.
static inline void histogram_observe(struct histogram *h, uint64_t value, uint64_t times)
{
    metric_add(&h->in_bucket[histogram_bucket_of(value)], times);
    metric_add(&h->sum, value * times);
}

// How many values were observed.
uint64_t histogram_count(const struct histogram *h);

// Appends the metrics of `table` in Prometheus' text format. Rows of one name, with different
// labels, must be neighbours: they share one HELP and TYPE.
void metrics_print(const struct metric_info *table, size_t count, const void *metrics,
                   struct buffer *out);

// The same for `n` structs of `size` bytes that stand one behind another. If there are several, the
// label `label` has the number of each. The rows have no other labels.
void metrics_print_each(const struct metric_info *table, size_t count, const void *metrics,
                        size_t size, unsigned n, const char *label, struct buffer *out);
