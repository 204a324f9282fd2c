#include "relay/uplink/uplink_source.h"

#include <assert.h>

#include "common/clock.h"
#include "proto/uplink_stream.h"

#define READ_WAIT_MS 250 // of an empty window, for an entry
#define MEASURE_MS   1000

void uplink_source_init(struct uplink_source *source, const struct redis_settings *redis,
                        struct uplink_window *window, struct uplink_metrics *metrics)
{
    *source = (struct uplink_source){
        .redis = redis,
        .window = window,
        .metrics = metrics,
        .outage = {.module = "uplink", .what = "the uplink's connection to Redis"},
    };
}

void uplink_source_disconnect(struct uplink_source *source)
{
    if (!source->channel)
        return;
    control_channel_close(source->channel);
    source->channel = NULL;
    uplink_window_forget(source->window);
}

uint32_t uplink_source_retry_ms(struct uplink_source *source)
{
    return backoff_next_ms(&source->backoff, true);
}

static bool lose(struct uplink_source *source, const char *reason)
{
    outage_log_begin(&source->outage, reason);
    metric_add(&source->metrics->redis_outages, 1);
    uplink_source_disconnect(source);
    return false;
}

static bool check(struct uplink_source *source, bool ok)
{
    return ok || lose(source, control_channel_reason(source->channel));
}

// A server that lets nothing be removed, such as a replica or one without enough of them, may still
// be read: each connection to it would publish everything again. So it is first asked to remove
// 0-0, which no stream has.
bool uplink_source_connect(struct uplink_source *source)
{
    static const struct uplink_removal nothing = {0};
    char why[CONTROL_REASON_MAX];

    if (source->channel)
        return true;
    source->channel = control_channel_open(source->redis, why);
    if (!source->channel)
        return lose(source, why);
    return check(source, uplink_stream_remove(source->channel, &nothing, 1));
}

static size_t collect_done(const struct uplink_window *window, struct uplink_item *items[],
                           struct uplink_removal removals[])
{
    size_t count = 0;

    list_for_each (node, &window->done) {
        if (count == UPLINK_REMOVE_MAX)
            break;
        struct uplink_item *item = list_entry(node, struct uplink_item, turn_node);
        items[count] = item;
        removals[count++] = (struct uplink_removal){item->id, item->bytes};
    }
    return count;
}

bool uplink_source_remove_done(struct uplink_source *source)
{
    struct uplink_item *items[UPLINK_REMOVE_MAX];
    struct uplink_removal removals[UPLINK_REMOVE_MAX];
    size_t count;

    while ((count = collect_done(source->window, items, removals)) > 0) {
        if (!check(source, uplink_stream_remove(source->channel, removals, count)))
            return false;
        for (size_t i = 0; i < count; i++)
            uplink_window_drop(source->window, items[i]);
    }
    return true;
}

static void on_entry(const struct uplink_entry *entry, void *window)
{
    uplink_window_add(window, entry);
}

// Counts how often the window gets full, not for how long it is.
static bool is_full(struct uplink_source *source)
{
    bool full = uplink_window_full(source->window);

    if (full && !source->was_full)
        metric_add(&source->metrics->full, 1);
    source->was_full = full;
    return full;
}

bool uplink_source_read(struct uplink_source *source, size_t *count)
{
    struct uplink_window *window = source->window;
    unsigned wait_ms = window->count == 0 ? READ_WAIT_MS : 0;
    size_t before = window->count;

    *count = 0;
    if (is_full(source))
        return true;
    if (!check(source,
               uplink_stream_read(source->channel, window->last_id, wait_ms, on_entry, window)))
        return false;
    *count = window->count - before;
    return true;
}

struct wanted {
    struct uplink_item *const *items;
    size_t count;
};

static void on_fetched(const struct uplink_entry *entry, void *arg)
{
    const struct wanted *wanted = arg;
    struct position id;

    if (!position_parse(entry->id, &id))
        return;
    for (size_t i = 0; i < wanted->count; i++) {
        struct uplink_item *item = wanted->items[i];
        if (!item->message && position_compare(item->id, id) == 0)
            uplink_window_load(item, entry);
    }
}

bool uplink_source_load(struct uplink_source *source, struct uplink_item *const items[],
                        size_t count)
{
    struct wanted wanted = {items, count};
    struct position missing[UPLINK_TAKE_MAX];
    size_t missing_count = 0;

    assert(count <= UPLINK_TAKE_MAX);
    for (size_t i = 0; i < count; i++)
        if (!items[i]->message)
            missing[missing_count++] = items[i]->id;
    return missing_count == 0 ||
           check(source,
                 uplink_stream_fetch(source->channel, missing, missing_count, on_fetched, &wanted));
}

// Of the oldest entry. Redis makes the ids from its wall clock, which may be ahead of this one.
static uint64_t age_ms(const struct uplink_window *window)
{
    uint64_t now_ms = clock_wall_ms(), then_ms;

    if (list_empty(&window->items))
        return 0;
    then_ms = list_entry(window->items.next, struct uplink_item, node)->id.epoch;
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

bool uplink_source_measure(struct uplink_source *source)
{
    struct uplink_metrics *m = source->metrics;
    uint64_t now_ms = clock_monotonic_ms();
    struct uplink_size size;

    metric_set(&m->age_s, age_ms(source->window) / 1000);
    if (now_ms < source->measured_ms + MEASURE_MS)
        return true;
    source->measured_ms = now_ms;
    if (!check(source, uplink_stream_measure(source->channel, &size)))
        return false;
    metric_set(&m->entries, size.entries);
    metric_set(&m->bytes, size.bytes);
    backoff_reset(&source->backoff);
    outage_log_end(&source->outage);
    return true;
}
