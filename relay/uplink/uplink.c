#include "relay/uplink/uplink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/outage_log.h"
#include "common/thread.h"
#include "common/wakeup.h"
#include "proto/uplink_stream.h"
#include "relay/uplink/uplink_outcomes.h"
#include "relay/uplink/uplink_window.h"

#define LOG_MODULE "uplink"
#include "common/log.h"

#define READ_WAIT_MS 250 // of an empty window, for an entry
#define REST_MS      250 // between two looks whether this relay is active
#define TURN_MS      20  // while entries are under way
#define MEASURE_MS   1000
#define CONFIRM_MS   10000 // after which the publisher waits for another 30 s

struct uplink {
    struct uplink_options options;
    pthread_t thread;
    struct wakeup wakeup;
    pthread_mutex_t lock;
    struct list answered; // under `lock`
    bool stopping;        // under `lock`
    // Of the thread alone.
    struct publisher *publisher;
    struct control_channel *channel; // NULL: not connected
    struct uplink_window window;
    struct uplink_outcomes outcomes;
    uint64_t measured_ms;
    bool full, busy; // as they were counted
    struct backoff backoff;
    struct outage_log outage;
};

static void wait_for_answers(const struct uplink *uplink, int ms)
{
    struct pollfd wait = {.fd = uplink->wakeup.fd, .events = POLLIN};

    if (poll(&wait, 1, ms) < 0)
        assert(errno == EINTR);
    wakeup_clear(&uplink->wakeup);
}

// ---- outcomes

// On the publisher's thread.
static void on_outcome(struct publication *publication, enum publish_outcome outcome,
                       const char *reason, bool final)
{
    struct uplink_message *message = container_of(publication, struct uplink_message, publication);
    struct uplink *uplink = publication->arg;

    if (!final)
        return;
    message->outcome = outcome;
    snprintf(message->reason, sizeof(message->reason), "%s", reason ? reason : "");
    pthread_mutex_lock(&uplink->lock);
    list_append(&uplink->answered, &message->answer_node);
    pthread_mutex_unlock(&uplink->lock);
    wakeup_send(&uplink->wakeup);
}

static void take_answers(struct uplink *uplink)
{
    uint64_t now_ms = clock_monotonic_ms();
    struct list answered;

    pthread_mutex_lock(&uplink->lock);
    list_move_all(&uplink->answered, &answered);
    pthread_mutex_unlock(&uplink->lock);
    list_for_each (node, &answered) {
        struct uplink_item *item = list_entry(node, struct uplink_message, answer_node)->item;
        list_unlink(node);
        if (item->orphan)
            uplink_window_drop(&uplink->window, item);
        else
            uplink_outcomes_take(&uplink->outcomes, item, now_ms);
    }
}

// ---- Redis

// What is on its way may have been removed by another relay, or come again.
static void disconnect(struct uplink *uplink)
{
    control_channel_close(uplink->channel);
    uplink->channel = NULL;
    uplink_window_forget(&uplink->window);
}

static void lose(struct uplink *uplink, const char *reason)
{
    outage_log_begin(&uplink->outage, reason);
    metric_add(&uplink->options.metrics->redis_outages, 1);
    disconnect(uplink);
    wait_for_answers(uplink, (int)backoff_next_ms(&uplink->backoff, true));
}

// Any command that has failed may have been carried out; after reconnecting the window begins at
// the head of the stream again.
static bool check(struct uplink *uplink, bool ok)
{
    if (!ok)
        lose(uplink, control_channel_reason(uplink->channel));
    return ok;
}

// A server that lets nothing be removed, such as a replica or one without enough of them, may still
// be read: each connection to it would publish everything again. So it is first asked to remove
// 0-0, which no stream has.
static bool connect_redis(struct uplink *uplink)
{
    static const struct uplink_removal nothing = {0};
    char why[CONTROL_REASON_MAX];

    if (uplink->channel)
        return true;
    uplink->channel = control_channel_open(uplink->options.redis, why);
    if (uplink->channel)
        return check(uplink, uplink_stream_remove(uplink->channel, &nothing, 1));
    lose(uplink, why);
    return false;
}

static size_t collect_done(const struct uplink *uplink, struct uplink_item *items[],
                           struct uplink_removal removals[])
{
    size_t count = 0;

    list_for_each (node, &uplink->window.done) {
        if (count == UPLINK_REMOVE_MAX)
            break;
        struct uplink_item *item = list_entry(node, struct uplink_item, turn_node);
        items[count] = item;
        removals[count++] = (struct uplink_removal){item->id, item->bytes};
    }
    return count;
}

static bool remove_done(struct uplink *uplink)
{
    struct uplink_item *items[UPLINK_REMOVE_MAX];
    struct uplink_removal removals[UPLINK_REMOVE_MAX];
    size_t count;

    while ((count = collect_done(uplink, items, removals)) > 0) {
        if (!check(uplink, uplink_stream_remove(uplink->channel, removals, count)))
            return false;
        for (size_t i = 0; i < count; i++)
            uplink_window_drop(&uplink->window, items[i]);
    }
    return true;
}

static void on_entry(const struct uplink_entry *entry, void *arg)
{
    struct uplink *uplink = arg;

    uplink_window_add(&uplink->window, entry);
}

// Counts how often a limit is reached, not for how long.
static bool count_limit(bool reached, bool *before, metric *counter)
{
    if (reached && !*before)
        metric_add(counter, 1);
    *before = reached;
    return reached;
}

// Waits for an entry only while none is under way, since an answer of RabbitMQ does not end that.
// `count`: how many came.
static bool read_entries(struct uplink *uplink, size_t *count)
{
    struct uplink_window *window = &uplink->window;
    unsigned wait_ms = window->count == 0 ? READ_WAIT_MS : 0;
    size_t before = window->count;

    *count = 0;
    if (count_limit(uplink_window_full(window), &uplink->full, &uplink->options.metrics->full))
        return true;
    if (!check(uplink,
               uplink_stream_read(uplink->channel, window->last_id, wait_ms, on_entry, uplink)))
        return false;
    *count = window->count - before;
    return true;
}

static uint64_t age_ms(const struct uplink *uplink)
{
    uint64_t now_ms = clock_wall_ms(), then_ms;

    if (list_empty(&uplink->window.items))
        return 0;
    then_ms = list_entry(uplink->window.items.next, struct uplink_item, node)->id.epoch;
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

static bool measure(struct uplink *uplink)
{
    struct uplink_metrics *m = uplink->options.metrics;
    uint64_t now_ms = clock_monotonic_ms();
    struct uplink_size size;

    metric_set(&m->age_s, age_ms(uplink) / 1000);
    if (now_ms < uplink->measured_ms + MEASURE_MS)
        return true;
    uplink->measured_ms = now_ms;
    if (!check(uplink, uplink_stream_measure(uplink->channel, &size)))
        return false;
    metric_set(&m->entries, size.entries);
    metric_set(&m->bytes, size.bytes);
    backoff_reset(&uplink->backoff);
    outage_log_end(&uplink->outage);
    return true;
}

// ---- sending

struct taken {
    struct uplink_item *items[UPLINK_TAKE_MAX];
    size_t count;
};

static void on_fetched(const struct uplink_entry *entry, void *arg)
{
    const struct taken *taken = arg;
    struct position id;

    if (!position_parse(entry->id, &id))
        return;
    for (size_t i = 0; i < taken->count; i++) {
        struct uplink_item *item = taken->items[i];
        if (!item->message && position_compare(item->id, id) == 0)
            uplink_window_load(item, entry);
    }
}

// Reads those again of which the window has no message.
static bool load(struct uplink *uplink, struct taken *taken)
{
    struct position missing[UPLINK_TAKE_MAX];
    size_t count = 0;

    for (size_t i = 0; i < taken->count; i++)
        if (!taken->items[i]->message)
            missing[count++] = taken->items[i]->id;
    return count == 0 ||
           check(uplink, uplink_stream_fetch(uplink->channel, missing, count, on_fetched, taken));
}

static void send_item(struct uplink *uplink, struct uplink_item *item, uint64_t now_ms)
{
    struct publication *publication = &item->message->publication;

    uplink_outcomes_judge(&uplink->outcomes, item, now_ms);
    uplink_message_address(item->message, item->verdict, uplink->options.letter_queue);
    publication->on_outcome = on_outcome;
    publication->arg = uplink;
    item->sent_ms = now_ms;
    item->state = UPLINK_SENT;
    publisher_submit(uplink->publisher, publication);
}

// Another relay may have removed an entry.
static void send_taken(struct uplink *uplink, const struct taken *taken, uint64_t now_ms)
{
    for (size_t i = 0; i < taken->count; i++) {
        struct uplink_item *item = taken->items[i];
        if (item->message)
            send_item(uplink, item, now_ms);
        else
            uplink_window_drop(&uplink->window, item);
    }
}

// `count`: how many were sent.
static bool send_ready(struct uplink *uplink, size_t *count)
{
    struct uplink_window *window = &uplink->window;
    uint64_t now_ms = clock_monotonic_ms();
    struct taken taken;

    *count = 0;
    if (now_ms < uplink->outcomes.hold_until_ms)
        return true;
    while ((taken.count = uplink_window_take(window, now_ms, taken.items)) > 0) {
        if (!load(uplink, &taken))
            return false;
        send_taken(uplink, &taken, now_ms);
        *count += taken.count;
    }
    count_limit(uplink_window_is_busy(window), &uplink->busy, &uplink->options.metrics->busy);
    return true;
}

// ---- the thread

static void rest(struct uplink *uplink)
{
    struct uplink_metrics *m = uplink->options.metrics;

    if (uplink->channel)
        disconnect(uplink);
    metric_set(&m->entries, 0);
    metric_set(&m->bytes, 0);
    metric_set(&m->age_s, 0);
    wait_for_answers(uplink, REST_MS);
}

// What waits is sent before more is read, since that would take its room.
static void turn(struct uplink *uplink)
{
    size_t sent, read;

    take_answers(uplink);
    if (!uplink->options.is_active(uplink->options.arg))
        rest(uplink);
    else if (connect_redis(uplink) && remove_done(uplink) && measure(uplink) &&
             send_ready(uplink, &sent) && read_entries(uplink, &read) && sent + read == 0 &&
             uplink->window.count > 0)
        wait_for_answers(uplink, TURN_MS);
}

static bool is_stopping(struct uplink *uplink)
{
    pthread_mutex_lock(&uplink->lock);
    bool stopping = uplink->stopping;
    pthread_mutex_unlock(&uplink->lock);
    return stopping;
}

static void *serve(void *arg)
{
    struct uplink *uplink = arg;

    while (!is_stopping(uplink))
        turn(uplink);
    publisher_stop(uplink->publisher); // every entry that is sent has its outcome now
    take_answers(uplink);
    if (uplink->channel && remove_done(uplink))
        disconnect(uplink);
    return NULL;
}

static bool start(struct uplink *uplink)
{
    const struct uplink_options *o = &uplink->options;

    uplink->publisher = publisher_new(&(struct publisher_options){
        .rabbit = o->rabbit,
        .module = "uplink",
        .what = "publishing of the uplink",
        .letter_queue = o->letter_queue,
        .queue_type = o->queue_type,
        .timeout_ms = CONFIRM_MS,
        .outages = &o->metrics->rabbitmq_outages,
    });
    return uplink->publisher && thread_start(&uplink->thread, serve, uplink);
}

static void free_parts(struct uplink *uplink)
{
    publisher_free(uplink->publisher);
    uplink_window_forget(&uplink->window);
    wakeup_fini(&uplink->wakeup);
    pthread_mutex_destroy(&uplink->lock);
    free(uplink);
}

struct uplink *uplink_new(const struct uplink_options *options)
{
    struct uplink *uplink = mem_zalloc(sizeof(*uplink));

    uplink->options = *options;
    uplink->outage.module = "uplink";
    uplink->outage.what = "the uplink's connection to Redis";
    list_init(&uplink->answered);
    uplink_window_init(&uplink->window);
    uplink->outcomes.window = &uplink->window;
    uplink->outcomes.metrics = uplink->options.metrics;
    pthread_mutex_init(&uplink->lock, NULL);
    if (wakeup_init(&uplink->wakeup) && start(uplink))
        return uplink;
    free_parts(uplink);
    return NULL;
}

void uplink_free(struct uplink *uplink)
{
    if (!uplink)
        return;
    pthread_mutex_lock(&uplink->lock);
    uplink->stopping = true;
    pthread_mutex_unlock(&uplink->lock);
    wakeup_send(&uplink->wakeup);
    pthread_join(uplink->thread, NULL);
    free_parts(uplink);
}
