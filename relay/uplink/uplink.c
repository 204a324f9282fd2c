#include "relay/uplink/uplink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/outage_log.h"
#include "common/thread.h"
#include "proto/uplink_stream.h"
#include "relay/uplink/refused_routes.h"
#include "relay/uplink/uplink_window.h"

#define LOG_MODULE "uplink"
#include "common/log.h"

#define READ_WAIT_MS    250 // of an empty window, for an entry
#define REST_MS         250 // between two looks whether this relay is active
#define TURN_MS         20  // while entries are under way
#define HOLD_MS         250 // after RabbitMQ could not be reached, or takes nothing
#define MEASURE_MS      1000
#define CONFIRM_MS      10000 // after which the publisher waits for another 30 s
#define REFUSED_WAIT_MS 1000  // before an entry that a queue has refused is sent again
#define REFUSED_MAX_MS  30000 // for which it is sent again
#define LETTER_WAIT_MS  5000  // before a dead letter that was not taken is sent again
#define LOG_AGAIN_MS    10000

struct uplink {
    struct uplink_options options;
    pthread_t thread;
    int wake; // eventfd
    pthread_mutex_t lock;
    struct list answered; // under `lock`
    bool stopping;        // under `lock`
    // Of the thread alone.
    struct publisher *publisher;
    struct control_channel *channel; // NULL: not connected
    struct uplink_window window;
    struct refused_routes refused;
    uint64_t hold_until_ms; // nothing is sent before
    uint64_t measured_ms, letter_logged_ms;
    uint64_t letters; // since a line was logged about them
    struct backoff backoff;
    struct outage_log outage;
};

static void wait_for_answers(const struct uplink *uplink, int ms)
{
    struct pollfd wake = {.fd = uplink->wake, .events = POLLIN};
    uint64_t count;

    if (poll(&wake, 1, ms) < 0)
        assert(errno == EINTR);
    if (read(uplink->wake, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
}

static void wake(const struct uplink *uplink)
{
    uint64_t one = 1;

    // Fails only if the counter is full, and then the thread wakes up anyway.
    if (write(uplink->wake, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

// ---- dead letters

static void log_letter(struct uplink *uplink, const struct uplink_item *item)
{
    uint64_t now_ms = clock_monotonic_ms();

    uplink->letters++;
    if (uplink->letter_logged_ms != 0 && now_ms < uplink->letter_logged_ms + LOG_AGAIN_MS)
        return;
    log_warn("RabbitMQ does not take an entry of the uplink, it becomes a dead letter reason=%s "
             "exchange=%s routing_key=%s message_id=%s bytes=%zu events=%" PRIu64,
             item->letter->reason, item->exchange, item->routing_key, item->id, item->body.len,
             uplink->letters);
    uplink->letter_logged_ms = now_ms;
    uplink->letters = 0;
}

static void condemn(struct uplink *uplink, struct uplink_item *item, enum uplink_fault fault,
                    const char *reason)
{
    metric_add(&uplink->options.metrics->letters[fault], 1);
    uplink_item_condemn(item, reason);
    log_letter(uplink, item);
}

// ---- outcomes

// On the publisher's thread.
static void on_outcome(struct publication *publication, enum publish_outcome outcome,
                       const char *reason, bool final)
{
    struct uplink_item *item = container_of(publication, struct uplink_item, publication);
    struct uplink *uplink = publication->arg;

    if (!final)
        return;
    item->outcome = outcome;
    snprintf(item->reason, sizeof(item->reason), "%s", reason ? reason : "");
    pthread_mutex_lock(&uplink->lock);
    list_append(&uplink->answered, &item->answer_node);
    pthread_mutex_unlock(&uplink->lock);
    wake(uplink);
}

static void retry(struct uplink *uplink, struct uplink_item *item, uint64_t wait_ms)
{
    metric_add(&uplink->options.metrics->retries, 1);
    item->retry_ms = clock_monotonic_ms() + wait_ms;
}

static void hold(struct uplink *uplink, struct uplink_item *item)
{
    retry(uplink, item, 0);
    uplink->hold_until_ms = clock_monotonic_ms() + HOLD_MS;
}

static void on_refused(struct uplink *uplink, struct uplink_item *item)
{
    if (clock_monotonic_ms() < item->first_ms + REFUSED_MAX_MS)
        retry(uplink, item, REFUSED_WAIT_MS);
    else
        condemn(uplink, item, UPLINK_REFUSED, item->reason);
}

// The first time it may have been another one.
static void on_closed(struct uplink *uplink, struct uplink_item *item)
{
    if (!item->suspect) {
        item->suspect = true;
        retry(uplink, item, 0);
        return;
    }
    refused_routes_note(&uplink->refused, item->exchange, item->routing_key, item->reason,
                        clock_monotonic_ms());
    condemn(uplink, item, UPLINK_CLOSED, item->reason);
}

static void take_outcome(struct uplink *uplink, struct uplink_item *item)
{
    switch (item->outcome) {
    case PUBLISH_DONE:
        metric_add(&uplink->options.metrics->published, 1);
        item->state = UPLINK_DONE;
        break;
    case PUBLISH_UNROUTABLE:
        condemn(uplink, item, UPLINK_UNROUTABLE, "no queue is bound to the exchange for it");
        break;
    case PUBLISH_REFUSED:
        on_refused(uplink, item);
        break;
    case PUBLISH_CLOSED:
        on_closed(uplink, item);
        break;
    case PUBLISH_UNCONFIRMED:
        condemn(uplink, item, UPLINK_UNCONFIRMED, item->reason);
        break;
    case PUBLISH_UNAVAILABLE:
    case PUBLISH_BLOCKED:
    case PUBLISH_STOPPING:
    case PUBLISH_LOST:
        hold(uplink, item);
        break;
    }
}

// A letter that is not taken waits, and with it the entries of its owner. Others go on.
static void take_outcome_of_letter(struct uplink *uplink, struct uplink_item *item)
{
    switch (item->outcome) {
    case PUBLISH_DONE:
        item->state = UPLINK_DONE;
        break;
    case PUBLISH_UNROUTABLE:
    case PUBLISH_REFUSED:
    case PUBLISH_UNCONFIRMED:
        metric_add(&uplink->options.metrics->letters_failed, 1);
        retry(uplink, item, LETTER_WAIT_MS);
        break;
    case PUBLISH_CLOSED:
        metric_add(&uplink->options.metrics->letters_failed, item->suspect);
        retry(uplink, item, item->suspect ? LETTER_WAIT_MS : 0);
        item->suspect = true;
        break;
    case PUBLISH_UNAVAILABLE:
    case PUBLISH_BLOCKED:
    case PUBLISH_STOPPING:
    case PUBLISH_LOST:
        hold(uplink, item);
        break;
    }
}

static void take_answers(struct uplink *uplink)
{
    struct list answered;

    pthread_mutex_lock(&uplink->lock);
    list_move_all(&uplink->answered, &answered);
    pthread_mutex_unlock(&uplink->lock);
    list_for_each (node, &answered) {
        struct uplink_item *item = list_entry(node, struct uplink_item, answer_node);
        list_unlink(node);
        item->state = UPLINK_WAITING;
        if (item->orphan)
            uplink_item_free(item);
        else if (item->letter)
            take_outcome_of_letter(uplink, item);
        else
            take_outcome(uplink, item);
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

static bool connect_redis(struct uplink *uplink)
{
    char why[CONTROL_REASON_MAX];

    if (uplink->channel)
        return true;
    uplink->channel = control_channel_open(uplink->options.redis, why);
    if (!uplink->channel)
        lose(uplink, why);
    return uplink->channel != NULL;
}

// Any command that has failed may have been carried out; after reconnecting the window begins at
// the head of the stream again.
static bool check(struct uplink *uplink, bool ok)
{
    if (!ok)
        lose(uplink, control_channel_reason(uplink->channel));
    return ok;
}

static size_t collect_done(struct uplink *uplink, struct uplink_item *items[UPLINK_REMOVE_MAX],
                           struct uplink_removal removals[UPLINK_REMOVE_MAX])
{
    size_t count = 0;

    list_for_each (node, &uplink->window.items) {
        struct uplink_item *item = list_entry(node, struct uplink_item, node);
        if (item->state != UPLINK_DONE || count == UPLINK_REMOVE_MAX)
            continue;
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

// Waits for an entry only while none is under way, since an answer of RabbitMQ does not end that.
// `count`: how many came.
static bool read_entries(struct uplink *uplink, size_t *count)
{
    struct uplink_window *window = &uplink->window;
    unsigned wait_ms = window->count == 0 ? READ_WAIT_MS : 0;
    size_t before = window->count;

    *count = 0;
    if (uplink_window_full(window))
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
    then_ms =
        strtoull(list_entry(uplink->window.items.next, struct uplink_item, node)->id, NULL, 10);
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

static void send_item(struct uplink *uplink, struct uplink_item *item)
{
    const struct uplink_letter *letter = item->letter;

    item->publication = (struct publication){
        .exchange = letter ? "" : item->exchange,
        .event =
            {
                .routing_key = letter ? uplink->options.letter_queue : item->routing_key,
                .message_id = item->id,
                .headers = letter ? letter->headers : NULL,
                .header_count = letter ? ARRAY_LEN(letter->headers) : 0,
                .body = item->body,
            },
        .on_outcome = on_outcome,
        .arg = uplink,
    };
    if (item->first_ms == 0)
        item->first_ms = clock_monotonic_ms();
    item->state = UPLINK_SENT;
    publisher_submit(uplink->publisher, &item->publication);
}

// What cannot be sent to its exchange becomes a dead letter right away.
static void judge(struct uplink *uplink, struct uplink_item *item, uint64_t now_ms)
{
    const char *why;

    if (item->letter)
        return;
    if (item->malformed)
        condemn(uplink, item, UPLINK_MALFORMED, "malformed entry of the uplink");
    else if ((why =
                  refused_routes_find(&uplink->refused, item->exchange, item->routing_key, now_ms)))
        condemn(uplink, item, UPLINK_CLOSED, why);
}

// Returns how many were sent.
static size_t send_ready(struct uplink *uplink)
{
    struct uplink_item *ready[UPLINK_WINDOW_MAX];
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms < uplink->hold_until_ms)
        return 0;
    size_t count = uplink_window_ready(&uplink->window, now_ms, ready);
    for (size_t i = 0; i < count; i++) {
        judge(uplink, ready[i], now_ms);
        send_item(uplink, ready[i]);
    }
    return count;
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

static void turn(struct uplink *uplink)
{
    size_t read;

    take_answers(uplink);
    if (!uplink->options.is_active(uplink->options.arg))
        rest(uplink);
    else if (connect_redis(uplink) && remove_done(uplink) && measure(uplink) &&
             read_entries(uplink, &read) && send_ready(uplink) + read == 0 &&
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
    if (uplink->wake >= 0)
        close(uplink->wake);
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
    pthread_mutex_init(&uplink->lock, NULL);
    uplink->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (uplink->wake >= 0 && start(uplink))
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
    wake(uplink);
    pthread_join(uplink->thread, NULL);
    free_parts(uplink);
}
