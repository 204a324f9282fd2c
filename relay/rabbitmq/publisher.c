#include "relay/rabbitmq/publisher.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/outage_log.h"
#include "common/thread.h"
#include "common/wakeup.h"
#include "relay/rabbitmq/declare.h"
#include "relay/rabbitmq/hosts.h"
#include "relay/rabbitmq/incoming.h"
#include "relay/rabbitmq/publish.h"
#include "relay/rabbitmq/unconfirmed.h"

#define TURN_MS   1000
#define IDLE_MS   60000 // after which an unused connection is closed
#define SILENT_MS 10000 // without any confirm, after which another connection is tried
#define STOP_MS   1000  // that a stop waits for confirms

struct publisher {
    struct publisher_options options;
    pthread_t thread;
    struct wakeup wakeup;
    pthread_mutex_t lock;
    struct list fresh; // under `lock`
    bool stopping;     // under `lock`
    bool stopped;
    // Of the thread alone.
    struct rabbit *rabbit; // NULL: not connected
    struct unconfirmed unconfirmed;
    uint64_t used_ms;     // when something was submitted
    uint64_t progress_ms; // when RabbitMQ confirmed something, or what it can confirm began
    uint64_t retry_ms;    // of the connection
    bool blocked;         // RabbitMQ is short of memory or disk
    bool has_letter_queue, lost_letter_queue; // as far as this connection knows
    struct backoff backoff;
    struct outage_log outage;
    char reason[RABBIT_REASON_MAX]; // why there is no connection
};

// Whether an answer to what was sent is missing.
static bool is_waiting(const struct publisher *publisher)
{
    return !list_empty(&publisher->unconfirmed.publications);
}

static void disconnect(struct publisher *publisher)
{
    rabbit_close(publisher->rabbit);
    publisher->rabbit = NULL;
    publisher->blocked = publisher->has_letter_queue = publisher->lost_letter_queue = false;
}

// What was sent and has no answer is in doubt.
static void lose(struct publisher *publisher, enum publish_outcome outcome, const char *reason)
{
    snprintf(publisher->reason, sizeof(publisher->reason), "%s", reason);
    metric_add(publisher->options.outages, 1);
    outage_log_begin(&publisher->outage, publisher->reason);
    publisher->retry_ms = clock_monotonic_ms() + backoff_next_ms(&publisher->backoff, true);
    rabbit_abandon(publisher->rabbit);
    disconnect(publisher);
    unconfirmed_finish_all(&publisher->unconfirmed, outcome, publisher->reason);
}

// What cannot be declared does not stop the events.
static enum rabbit_status prepare(struct publisher *publisher)
{
    const struct publisher_options *o = &publisher->options;
    enum rabbit_status status = RABBIT_OK;

    if (o->letter_queue)
        status = rabbit_ensure_queue(publisher->rabbit, o->letter_queue, o->queue_type, false);
    publisher->has_letter_queue = o->letter_queue && status == RABBIT_OK;
    if (status == RABBIT_REFUSED)
        status = rabbit_open_channel(publisher->rabbit);
    return status == RABBIT_OK ? rabbit_enable_confirms(publisher->rabbit) : status;
}

static bool ensure_connected(struct publisher *publisher)
{
    char why[RABBIT_REASON_MAX];

    if (publisher->rabbit)
        return true;
    if (clock_monotonic_ms() < publisher->retry_ms)
        return false;
    do
        publisher->rabbit = rabbit_open(&publisher->options.rabbit, why);
    while (!publisher->rabbit && rabbit_hosts_move_on(publisher->options.rabbit.hosts));
    if (!publisher->rabbit) {
        lose(publisher, PUBLISH_UNAVAILABLE, why);
        return false;
    }
    if (prepare(publisher) != RABBIT_OK) {
        lose(publisher, PUBLISH_UNAVAILABLE, rabbit_reason(publisher->rabbit));
        return false;
    }
    unconfirmed_begin(&publisher->unconfirmed);
    publisher->progress_ms = clock_monotonic_ms();
    rabbit_hosts_settle(publisher->options.rabbit.hosts);
    backoff_reset(&publisher->backoff);
    outage_log_end(&publisher->outage);
    return true;
}

static bool is_letter(const struct publisher *publisher, const struct publication *p)
{
    return publisher->has_letter_queue && *p->exchange == '\0' &&
           strcmp(p->event.routing_key, publisher->options.letter_queue) == 0;
}

static void send_one(struct publisher *publisher, struct publication *p)
{
    if (!ensure_connected(publisher)) {
        publication_finish(p, PUBLISH_UNAVAILABLE, publisher->reason);
        return;
    }
    if (publisher->blocked) {
        publication_finish(p, PUBLISH_BLOCKED, NULL);
        return;
    }
    if (!is_waiting(publisher))
        publisher->progress_ms = clock_monotonic_ms();
    unconfirmed_add(&publisher->unconfirmed, p);
    p->is_letter = is_letter(publisher, p);
    if (!rabbit_publish_event(publisher->rabbit, p->exchange, &p->event))
        lose(publisher, PUBLISH_LOST, rabbit_reason(publisher->rabbit));
}

static void send_fresh(struct publisher *publisher)
{
    struct list fresh;

    pthread_mutex_lock(&publisher->lock);
    list_move_all(&publisher->fresh, &fresh);
    pthread_mutex_unlock(&publisher->lock);
    if (!list_empty(&fresh))
        publisher->used_ms = clock_monotonic_ms();
    list_for_each (node, &fresh)
        send_one(publisher, list_entry(node, struct publication, node));
}

static void take_confirm(struct publisher *publisher, const struct rabbit_message *confirm,
                         enum publish_outcome outcome, const char *reason)
{
    publisher->progress_ms = clock_monotonic_ms();
    unconfirmed_take_confirm(&publisher->unconfirmed, confirm, outcome, reason);
}

static void take_return(struct publisher *publisher, const struct rabbit_message *returned)
{
    const struct publication *p = unconfirmed_take_return(&publisher->unconfirmed, returned);

    if (p && p->is_letter)
        publisher->lost_letter_queue = true;
}

// What RabbitMQ has closed the channel for is a mistake of somebody's: a missing right, exchange or
// size. Otherwise the connection is lost.
static enum publish_outcome outcome_of_end(const struct publisher *publisher)
{
    int code = rabbit_code(publisher->rabbit);

    return code == 403 || code == 404 || code == 406 ? PUBLISH_CLOSED : PUBLISH_LOST;
}

static void take_answers(struct publisher *publisher)
{
    struct rabbit_message answer;

    while (publisher->rabbit) {
        switch (rabbit_next(publisher->rabbit, 0, &answer)) {
        case RABBIT_CONFIRMED:
            take_confirm(publisher, &answer, PUBLISH_DONE, NULL);
            break;
        case RABBIT_REJECTED:
            take_confirm(publisher, &answer, PUBLISH_REFUSED, "a queue is full or not available");
            break;
        case RABBIT_RETURNED:
            take_return(publisher, &answer);
            break;
        case RABBIT_BLOCKED:
            publisher->blocked = true;
            break;
        case RABBIT_UNBLOCKED:
            publisher->blocked = false;
            publisher->progress_ms = clock_monotonic_ms();
            break;
        case RABBIT_CANCELLED:
        case RABBIT_GONE:
            lose(publisher, outcome_of_end(publisher), rabbit_reason(publisher->rabbit));
            break;
        default:
            return;
        }
    }
}

// The queue of dead letters was there and is not any more. A connection declares it when it begins;
// what else is on its way over this one is in doubt.
static void renew_letter_queue(struct publisher *publisher)
{
    if (!publisher->lost_letter_queue || publisher->blocked)
        return;
    disconnect(publisher);
    unconfirmed_finish_all(&publisher->unconfirmed, PUBLISH_LOST,
                           "the queue of dead letters has to be declared");
}

static void check_time(struct publisher *publisher)
{
    uint64_t now_ms = clock_monotonic_ms();
    bool waiting = is_waiting(publisher);

    unconfirmed_check_due(&publisher->unconfirmed, now_ms, publisher->blocked);
    if (waiting && !publisher->blocked && now_ms > publisher->progress_ms + SILENT_MS)
        lose(publisher, PUBLISH_SILENT, "RabbitMQ confirms nothing");
    else if (!waiting && publisher->rabbit && now_ms > publisher->used_ms + IDLE_MS)
        disconnect(publisher);
}

static int wait_ms(const struct publisher *publisher)
{
    uint64_t now_ms = clock_monotonic_ms(), until_ms;

    if (!publisher->rabbit)
        return -1;
    until_ms = unconfirmed_next_due_ms(&publisher->unconfirmed, now_ms + TURN_MS);
    return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}

static void wait_for_work(const struct publisher *publisher)
{
    struct pollfd waits[] = {
        {.fd = publisher->wakeup.fd, .events = POLLIN},
        {.fd = publisher->rabbit ? rabbit_socket(publisher->rabbit) : -1, .events = POLLIN},
    };

    if (poll(waits, ARRAY_LEN(waits), wait_ms(publisher)) < 0)
        assert(errno == EINTR);
    wakeup_clear(&publisher->wakeup);
}

static void turn(struct publisher *publisher)
{
    send_fresh(publisher);
    take_answers(publisher);
    renew_letter_queue(publisher);
    check_time(publisher);
}

static bool is_stopping(struct publisher *publisher)
{
    pthread_mutex_lock(&publisher->lock);
    bool stopping = publisher->stopping;
    pthread_mutex_unlock(&publisher->lock);
    return stopping;
}

static void *serve(void *arg)
{
    struct publisher *publisher = arg;
    uint64_t stop_by_ms;

    while (!is_stopping(publisher)) {
        turn(publisher);
        wait_for_work(publisher);
    }
    stop_by_ms = clock_monotonic_ms() + STOP_MS;
    turn(publisher);
    while (is_waiting(publisher) && clock_monotonic_ms() < stop_by_ms) {
        clock_sleep_ms(10);
        turn(publisher);
    }
    unconfirmed_finish_all(&publisher->unconfirmed, PUBLISH_LOST, "the relay is stopping");
    if (publisher->blocked)
        rabbit_abandon(publisher->rabbit);
    disconnect(publisher);
    return NULL;
}

struct publisher *publisher_new(const struct publisher_options *options)
{
    struct publisher *publisher = mem_zalloc(sizeof(*publisher));

    publisher->options = *options;
    publisher->outage.module = options->module;
    publisher->outage.what = options->what;
    list_init(&publisher->fresh);
    unconfirmed_init(&publisher->unconfirmed);
    pthread_mutex_init(&publisher->lock, NULL);
    if (wakeup_init(&publisher->wakeup) && thread_start(&publisher->thread, serve, publisher))
        return publisher;
    publisher->stopped = true;
    publisher_free(publisher);
    return NULL;
}

void publisher_stop(struct publisher *publisher)
{
    if (!publisher || publisher->stopped)
        return;
    pthread_mutex_lock(&publisher->lock);
    publisher->stopping = true;
    pthread_mutex_unlock(&publisher->lock);
    wakeup_send(&publisher->wakeup);
    pthread_join(publisher->thread, NULL);
    publisher->stopped = true;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    publisher_stop(publisher);
    wakeup_fini(&publisher->wakeup);
    pthread_mutex_destroy(&publisher->lock);
    free(publisher);
}

void publisher_submit(struct publisher *publisher, struct publication *p)
{
    p->due_ms = clock_monotonic_ms() + publisher->options.timeout_ms;
    list_init(&p->node);
    pthread_mutex_lock(&publisher->lock);
    bool stopping = publisher->stopping;
    if (!stopping)
        list_append(&publisher->fresh, &p->node);
    pthread_mutex_unlock(&publisher->lock);
    if (stopping)
        p->on_outcome(p, PUBLISH_STOPPING, NULL, true);
    else
        wakeup_send(&publisher->wakeup);
}
