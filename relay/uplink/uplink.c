#include "relay/uplink/uplink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/thread.h"
#include "common/wakeup.h"
#include "relay/uplink/uplink_outcomes.h"
#include "relay/uplink/uplink_source.h"
#include "relay/uplink/uplink_window.h"

#define LOG_MODULE "uplink"
#include "common/log.h"

#define REST_MS    250   // between two looks whether this relay is active
#define TURN_MS    20    // while entries are under way
#define CONFIRM_MS 10000 // after which the publisher waits for another 30 s

struct uplink {
    struct uplink_options options;
    pthread_t thread;
    struct wakeup wakeup;
    pthread_mutex_t lock;
    struct list answered; // under `lock`
    bool stopping;        // under `lock`
    // Of the thread alone.
    struct publisher *publisher;
    struct uplink_window window;
    struct uplink_source source;
    struct uplink_outcomes outcomes;
    bool was_busy; // as it was counted
};

static void wait_for_answers(const struct uplink *uplink, int ms)
{
    struct pollfd wait = {.fd = uplink->wakeup.fd, .events = POLLIN};

    if (poll(&wait, 1, ms) < 0)
        assert(errno == EINTR);
    wakeup_clear(&uplink->wakeup);
}

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

static void send_item(struct uplink *uplink, struct uplink_item *item, uint64_t now_ms)
{
    struct publication *publication = &item->message->publication;

    uplink_outcomes_check(&uplink->outcomes, item, now_ms);
    uplink_message_address(item->message, item->failure, uplink->options.letter_queue);
    publication->on_outcome = on_outcome;
    publication->arg = uplink;
    item->sent_ms = now_ms;
    item->state = UPLINK_SENT;
    publisher_submit(uplink->publisher, publication);
}

// An item without a message is not in the stream any more: another relay has removed it.
static void send_items(struct uplink *uplink, struct uplink_item *const items[], size_t count,
                       uint64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i]->message)
            send_item(uplink, items[i], now_ms);
        else
            uplink_window_drop(&uplink->window, items[i]);
    }
}

// Counts how often it gets so, not for how long it is.
static void count_busy(struct uplink *uplink)
{
    bool busy = uplink_window_is_busy(&uplink->window);

    if (busy && !uplink->was_busy)
        metric_add(&uplink->options.metrics->busy, 1);
    uplink->was_busy = busy;
}

// `count`: how many were sent.
static bool send_ready(struct uplink *uplink, size_t *count)
{
    uint64_t now_ms = clock_monotonic_ms();
    struct uplink_item *items[UPLINK_TAKE_MAX];
    size_t taken;

    *count = 0;
    if (now_ms < uplink->outcomes.hold_until_ms)
        return true;
    while ((taken = uplink_window_take(&uplink->window, now_ms, items)) > 0) {
        if (!uplink_source_load(&uplink->source, items, taken))
            return false;
        send_items(uplink, items, taken, now_ms);
        *count += taken;
    }
    count_busy(uplink);
    return true;
}

// While another relay is the active one.
static void rest(struct uplink *uplink)
{
    struct uplink_metrics *m = uplink->options.metrics;

    uplink_source_disconnect(&uplink->source);
    metric_set(&m->entries, 0);
    metric_set(&m->bytes, 0);
    metric_set(&m->age_s, 0);
    wait_for_answers(uplink, REST_MS);
}

// What waits is sent before more is read, since that would take its room. `moved`: how many entries
// were sent or read. Returns false if the connection to Redis is lost.
static bool work(struct uplink *uplink, size_t *moved)
{
    struct uplink_source *source = &uplink->source;
    size_t sent, read;

    if (!uplink_source_connect(source) || !uplink_source_remove_done(source) ||
        !uplink_source_measure(source) || !send_ready(uplink, &sent) ||
        !uplink_source_read(source, &read))
        return false;
    *moved = sent + read;
    return true;
}

static void turn(struct uplink *uplink)
{
    size_t moved;

    take_answers(uplink);
    if (!uplink->options.is_active(uplink->options.arg))
        rest(uplink);
    else if (!work(uplink, &moved))
        wait_for_answers(uplink, (int)uplink_source_retry_ms(&uplink->source));
    else if (moved == 0 && uplink->window.count > 0)
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
    if (uplink->source.channel && uplink_source_remove_done(&uplink->source))
        uplink_source_disconnect(&uplink->source);
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
    list_init(&uplink->answered);
    uplink_window_init(&uplink->window);
    uplink_source_init(&uplink->source, options->redis, &uplink->window, options->metrics);
    uplink->outcomes.window = &uplink->window;
    uplink->outcomes.metrics = options->metrics;
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
