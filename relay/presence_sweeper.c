#include "relay/presence_sweeper.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/thread.h"
#include "proto/presence.h"
#include "proto/room_count.h"

#define LOG_MODULE "presence"
#include "common/log.h"

#define PERIOD_MS 1000

struct presence_sweeper {
    struct presence_sweeper_options options;
    struct redis_settings nodes[REDIS_NODES_MAX];
    struct control_channel *channels[REDIS_NODES_MAX]; // NULL: not open
    bool unreachable[REDIS_NODES_MAX];                 // in this pass
    bool failed;                                       // logged
    struct buffer body, envelope;
    struct buffer exchange, routing_key;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping; // under the lock
};

static bool is_stopping(struct presence_sweeper *sweeper)
{
    pthread_mutex_lock(&sweeper->lock);
    bool stopping = sweeper->stopping;
    pthread_mutex_unlock(&sweeper->lock);
    return stopping;
}

// Logged once for a time in which servers are away.
static void note_unreachable(struct presence_sweeper *sweeper, unsigned node, const char *why)
{
    if (!sweeper->failed)
        log_warn("presence cannot be swept, it is tried again with the next pass reason=%s", why);
    sweeper->failed = sweeper->unreachable[node] = true;
}

// Dialling a server that does not answer takes seconds, so in each pass it is tried once.
static struct control_channel *reach(struct presence_sweeper *sweeper, unsigned node)
{
    char why[CONTROL_REASON_MAX];

    if (sweeper->unreachable[node] || (!sweeper->channels[node] && is_stopping(sweeper)))
        return NULL;
    if (!sweeper->channels[node])
        sweeper->channels[node] = control_channel_open(&sweeper->nodes[node], why);
    if (!sweeper->channels[node])
        note_unreachable(sweeper, node, why);
    return sweeper->channels[node];
}

static void lose(struct presence_sweeper *sweeper, unsigned node)
{
    note_unreachable(sweeper, node, control_channel_reason(sweeper->channels[node]));
    control_channel_close(sweeper->channels[node]);
    sweeper->channels[node] = NULL;
}

// The event has no position: like user_left it is not in the log.
static void tell_count(struct span room, uint64_t count, void *arg)
{
    struct presence_sweeper *sweeper = arg;
    unsigned shard = shard_of_room(room, sweeper->options.shards);
    unsigned node = shard % redis_settings_nodes(sweeper->options.redis);
    uint64_t now_ms = clock_wall_ms();

    buffer_clear(&sweeper->body);
    buffer_clear(&sweeper->envelope);
    room_count_write(&sweeper->body, room, count, now_ms);
    envelope_encode(
        &(struct envelope){
            .origin = span_of(sweeper->options.relay_id),
            .room = room,
            .event = SPAN_LIT(ROOM_COUNT_EVENT),
            .args = buffer_span(&sweeper->body),
            .created_at_ms = now_ms,
        },
        &sweeper->envelope);
    // The channel of the first server has the answer that is being read, and no question open.
    if (reach(sweeper, node) &&
        !presence_publish(sweeper->channels[node], shard, buffer_span(&sweeper->envelope)) &&
        node > 0)
        lose(sweeper, node);
}

static void sweep(struct presence_sweeper *sweeper)
{
    struct presence_sweep what = {.on_count = tell_count, .arg = sweeper};
    char now[ISO8601_LEN + 1];

    memset(sweeper->unreachable, 0, sizeof(sweeper->unreachable));
    buffer_clear(&sweeper->exchange);
    buffer_clear(&sweeper->routing_key);
    if (!sweeper->options.sweeps(sweeper->options.arg, &what.grace_ms, &sweeper->exchange,
                                 &sweeper->routing_key) ||
        !reach(sweeper, 0))
        return;
    clock_iso8601(clock_wall_ms(), now);
    what.exchange = buffer_span(&sweeper->exchange);
    what.routing_key = buffer_span(&sweeper->routing_key);
    what.at = span_of(now);
    if (presence_sweep(sweeper->channels[0], &what))
        sweeper->failed = false;
    else
        lose(sweeper, 0);
    metric_add(sweeper->options.removed, what.removed);
    if (what.removed > 0)
        log_info("took edges that are gone out of presence entries=%" PRIu64, what.removed);
}

// Returns false if the relay is stopping.
static bool wait_a_period(struct presence_sweeper *sweeper)
{
    uint64_t until_ms = clock_monotonic_ms() + PERIOD_MS;
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000 * 1000000)};
    int rc = 0;

    pthread_mutex_lock(&sweeper->lock);
    while (!sweeper->stopping && rc == 0)
        rc = pthread_cond_timedwait(&sweeper->changed, &sweeper->lock, &until);
    bool stopping = sweeper->stopping;
    pthread_mutex_unlock(&sweeper->lock);
    return !stopping;
}

static void *serve(void *arg)
{
    struct presence_sweeper *sweeper = arg;

    while (wait_a_period(sweeper))
        sweep(sweeper);
    return NULL;
}

static void free_parts(struct presence_sweeper *sweeper)
{
    for (unsigned i = 0; i < REDIS_NODES_MAX; i++)
        control_channel_close(sweeper->channels[i]);
    buffer_fini(&sweeper->body);
    buffer_fini(&sweeper->envelope);
    buffer_fini(&sweeper->exchange);
    buffer_fini(&sweeper->routing_key);
    pthread_cond_destroy(&sweeper->changed);
    pthread_mutex_destroy(&sweeper->lock);
    free(sweeper);
}

// A wall clock that is set back must not stop the thread.
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct presence_sweeper *presence_sweeper_new(const struct presence_sweeper_options *options)
{
    struct presence_sweeper *sweeper = mem_zalloc(sizeof(*sweeper));
    unsigned nodes = redis_settings_nodes(options->redis);

    sweeper->options = *options;
    for (unsigned i = 0; i < nodes; i++)
        sweeper->nodes[i] = redis_settings_of_node(options->redis, i);
    pthread_mutex_init(&sweeper->lock, NULL);
    init_condition(&sweeper->changed);
    if (thread_start(&sweeper->thread, serve, sweeper))
        return sweeper;
    log_error("cannot start the thread of presence");
    free_parts(sweeper);
    return NULL;
}

void presence_sweeper_free(struct presence_sweeper *sweeper)
{
    if (!sweeper)
        return;
    pthread_mutex_lock(&sweeper->lock);
    sweeper->stopping = true;
    pthread_cond_signal(&sweeper->changed);
    pthread_mutex_unlock(&sweeper->lock);
    pthread_join(sweeper->thread, NULL);
    free_parts(sweeper);
}
