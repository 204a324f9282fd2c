#include "common/metrics.h"

#include <string.h>

static void print_head(const struct metric_info *info, struct buffer *out)
{
    buffer_printf(out, "# HELP %s %s\n", info->name, info->help);
    buffer_printf(out, "# TYPE %s %s\n", info->name,
                  info->type == METRIC_COUNTER ? "counter" : "gauge");
}

void metrics_print(const struct metric_info *table, size_t count, const void *metrics,
                   struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct metric_info *info = &table[i];
        const metric *value = (const void *)((const char *)metrics + info->offset);

        if (i == 0 || strcmp(info->name, info[-1].name) != 0)
            print_head(info, out);
        buffer_append(out, span_of(info->name));
        if (info->labels)
            buffer_printf(out, "{%s}", info->labels);
        buffer_append_char(out, ' ');
        buffer_append_uint(out, metric_get(value));
        buffer_append_char(out, '\n');
    }
}
