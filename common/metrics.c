#include "common/metrics.h"

#include <stdio.h>
#include <string.h>

struct type_info {
    const char *word;  // of the TYPE line
    unsigned first;    // the first bucket printed ends at 2^first
    unsigned last;     // the last one ends at 2^last, before +Inf
    unsigned per_unit; // observed units in one printed unit
};

static const struct type_info types[] = {
    [METRIC_COUNTER] = {.word = "counter"},
    [METRIC_GAUGE] = {.word = "gauge"},
    [METRIC_INFO] = {.word = "gauge"},
    [METRIC_COUNTS] = {.word = "histogram", .first = 0, .last = 8, .per_unit = 1},
    [METRIC_MILLISECONDS] = {.word = "histogram", .first = 0, .last = 14, .per_unit = 1000},
    [METRIC_MICROSECONDS] = {.word = "histogram", .first = 6, .last = 24, .per_unit = 1000000},
};

uint64_t histogram_count(const struct histogram *h)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += metric_get(&h->in_bucket[i]);
    return count;
}

static void print_head(const struct metric_info *info, struct buffer *out)
{
    buffer_printf(out, "# HELP %s %s\n", info->name, info->help);
    buffer_printf(out, "# TYPE %s %s\n", info->name, types[info->type].word);
}

// `le` is the label of a bucket, NULL for other series.
static void print_series(const struct metric_info *info, const char *suffix, const char *le,
                         struct buffer *out)
{
    const char *labels = info->labels ? info->labels : "";

    buffer_printf(out, "%s%s", info->name, suffix);
    if (le)
        buffer_printf(out, "{%s%sle=\"%s\"}", labels, info->labels ? "," : "", le);
    else if (info->labels)
        buffer_printf(out, "{%s}", labels);
    buffer_append_char(out, ' ');
}

static void print_value(const struct metric_info *info, const char *suffix, const char *le,
                        uint64_t value, struct buffer *out)
{
    print_series(info, suffix, le, out);
    buffer_append_uint(out, value);
    buffer_append_char(out, '\n');
}

// _count is the sum of the buckets as they were read, so that the two agree although the writer
// goes on. _sum may be a little ahead.
static void print_histogram(const struct metric_info *info, const struct histogram *h,
                            struct buffer *out)
{
    const struct type_info *type = &types[info->type];
    uint64_t count = 0;
    char le[32];

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += metric_get(&h->in_bucket[i]);
        if (i < type->first || i > type->last)
            continue;
        snprintf(le, sizeof(le), "%.9g", (double)(1U << i) / type->per_unit);
        print_value(info, "_bucket", le, count, out);
    }
    print_value(info, "_bucket", "+Inf", count, out);
    print_series(info, "_sum", NULL, out);
    buffer_printf(out, "%.15g\n", (double)metric_get(&h->sum) / type->per_unit);
    print_value(info, "_count", NULL, count, out);
}

static void print_row(const struct metric_info *info, const void *metrics, struct buffer *out)
{
    const void *field = (const char *)metrics + info->offset;

    switch (info->type) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        print_value(info, "", NULL, metric_get(field), out);
        break;
    case METRIC_INFO:
        print_value(info, "", NULL, 1, out);
        break;
    case METRIC_COUNTS:
    case METRIC_MILLISECONDS:
    case METRIC_MICROSECONDS:
        print_histogram(info, field, out);
        break;
    }
}

void metrics_print(const struct metric_info *table, size_t count, const void *metrics,
                   struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(table[i].name, table[i - 1].name) != 0)
            print_head(&table[i], out);
        print_row(&table[i], metrics, out);
    }
}

static void print_one_of(const struct metric_info *info, const void *metrics, const char *label,
                         unsigned i, struct buffer *out)
{
    struct metric_info labelled = *info;
    char labels[64];

    snprintf(labels, sizeof(labels), "%s=\"%u\"", label, i);
    labelled.labels = labels;
    print_row(&labelled, metrics, out);
}

void metrics_print_each(const struct metric_info *table, size_t count, const void *metrics,
                        size_t size, unsigned n, const char *label, struct buffer *out)
{
    if (n == 1) {
        metrics_print(table, count, metrics, out);
        return;
    }
    for (size_t row = 0; row < count; row++) {
        print_head(&table[row], out);
        for (unsigned i = 0; i < n; i++)
            print_one_of(&table[row], (const char *)metrics + i * size, label, i, out);
    }
}
