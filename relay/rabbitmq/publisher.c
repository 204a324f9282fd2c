#include "relay/rabbitmq/publisher.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/outage_log.h"
#include "common/thread.h"
#include "relay/rabbitmq/declare.h"
#include "relay/rabbitmq/hosts.h"
#include "relay/rabbitmq/incoming.h"
#include "relay/rabbitmq/publish.h"

#define TURN_MS   1000
#define IDLE_MS   60000 // after which an unused connection is closed
#define LATE_MS   30000 // after its time is over, until an event is no longer waited for
#define SILENT_MS 10000 // without any confirm, after which another connection is tried
#define STOP_MS   1000  // that a stop waits for confirms

struct publisher {
    struct publisher_options options;
    pthread_t thread;
    int wake; // eventfd
    pthread_mutex_t lock;
    struct list fresh; // under `lock`
    bool stopping;     // under `lock`
    bool stopped;
    // Of the thread alone.
    struct rabbit *rabbit; // NULL: not connected
    struct list sent;      // without an answer of RabbitMQ's, the oldest first
    uint64_t published;    // on this connection
    uint64_t used_ms, moved_ms, retry_ms;
    bool blocked;
    bool has_letter_queue, lost_letter_queue; // as far as this connection knows
    struct backoff backoff;
    struct outage_log outage;
    char reason[RABBIT_REASON_MAX]; // why there is no connection
};

// ---- outcomes

static void finish(struct publication *p, enum publish_outcome outcome, const char *reason)
{
    list_unlink(&p->node);
    p->on_outcome(p, outcome, reason, true);
}

static void finish_all(struct list *list, enum publish_outcome outcome, const char *reason)
{
    list_for_each (node, list)
        finish(list_entry(node, struct publication, node), outcome, reason);
}

static void disconnect(struct publisher *publisher)
{
    rabbit_close(publisher->rabbit);
    publisher->rabbit = NULL;
    publisher->published = 0;
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
    finish_all(&publisher->sent, outcome, publisher->reason);
}

// ---- sending

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
    publisher->moved_ms = clock_monotonic_ms();
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
        finish(p, PUBLISH_UNAVAILABLE, publisher->reason);
        return;
    }
    if (publisher->blocked) {
        finish(p, PUBLISH_BLOCKED, NULL);
        return;
    }
    if (list_empty(&publisher->sent))
        publisher->moved_ms = clock_monotonic_ms();
    list_unlink(&p->node);
    list_append(&publisher->sent, &p->node);
    p->tag = ++publisher->published;
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

// ---- answers of RabbitMQ

static void take_confirm(struct publisher *publisher, const struct rabbit_message *confirm,
                         enum publish_outcome outcome, const char *reason)
{
    publisher->moved_ms = clock_monotonic_ms();
    list_for_each (node, &publisher->sent) {
        struct publication *p = list_entry(node, struct publication, node);
        if (p->tag > confirm->tag)
            return;
        if (confirm->multiple || p->tag == confirm->tag)
            finish(p, p->returned ? PUBLISH_UNROUTABLE : outcome, reason);
    }
}

// RabbitMQ returns a message right before it confirms it.
static void take_return(struct publisher *publisher, const struct rabbit_message *returned)
{
    list_for_each (node, &publisher->sent) {
        struct publication *p = list_entry(node, struct publication, node);
        if (!p->returned && span_is(returned->message_id, p->event.message_id)) {
            p->returned = true;
            publisher->lost_letter_queue |= p->is_letter;
            return;
        }
    }
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
            publisher->moved_ms = clock_monotonic_ms();
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
    finish_all(&publisher->sent, PUBLISH_LOST, "the queue of dead letters has to be declared");
}

// ---- time

// One queue may withhold its confirms while others give theirs. What is blocked may still come, and
// nothing is sent meanwhile.
static bool is_given_up(const struct publisher *publisher, const struct publication *p,
                        uint64_t now_ms)
{
    return p->is_late && !publisher->blocked && now_ms > p->due_ms + LATE_MS;
}

static void say_late(const struct publisher *publisher, struct publication *p)
{
    p->is_late = true;
    p->on_outcome(p, PUBLISH_UNCONFIRMED,
                  publisher->blocked ? "RabbitMQ is short of memory or disk"
                                     : "RabbitMQ does not confirm it",
                  false);
}

static void check_late(struct publisher *publisher, uint64_t now_ms)
{
    list_for_each (node, &publisher->sent) {
        struct publication *p = list_entry(node, struct publication, node);
        if (is_given_up(publisher, p, now_ms))
            finish(p, PUBLISH_UNCONFIRMED, "RabbitMQ does not confirm it");
        else if (!p->is_late && now_ms >= p->due_ms)
            say_late(publisher, p);
    }
}

static void check_time(struct publisher *publisher)
{
    uint64_t now_ms = clock_monotonic_ms();
    bool waiting = !list_empty(&publisher->sent);

    check_late(publisher, now_ms);
    if (waiting && !publisher->blocked && now_ms > publisher->moved_ms + SILENT_MS)
        lose(publisher, PUBLISH_SILENT, "RabbitMQ confirms nothing");
    else if (!waiting && publisher->rabbit && now_ms > publisher->used_ms + IDLE_MS)
        disconnect(publisher);
}

static int wait_ms(const struct publisher *publisher)
{
    uint64_t now_ms = clock_monotonic_ms(), until_ms = now_ms + TURN_MS;

    if (!publisher->rabbit)
        return -1;
    list_for_each (node, &publisher->sent) {
        const struct publication *p = list_entry(node, struct publication, node);
        if (!p->is_late && p->due_ms < until_ms)
            until_ms = p->due_ms;
    }
    return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}

// ---- the thread

static void wait_for_work(const struct publisher *publisher)
{
    struct pollfd waits[] = {
        {.fd = publisher->wake, .events = POLLIN},
        {.fd = publisher->rabbit ? rabbit_socket(publisher->rabbit) : -1, .events = POLLIN},
    };
    uint64_t count;

    if (poll(waits, ARRAY_LEN(waits), wait_ms(publisher)) < 0)
        assert(errno == EINTR);
    if (read(publisher->wake, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
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
    while (!list_empty(&publisher->sent) && clock_monotonic_ms() < stop_by_ms) {
        clock_sleep_ms(10);
        turn(publisher);
    }
    finish_all(&publisher->sent, PUBLISH_LOST, "the relay is stopping");
    if (publisher->blocked)
        rabbit_abandon(publisher->rabbit);
    disconnect(publisher);
    return NULL;
}

static void wake(const struct publisher *publisher)
{
    uint64_t one = 1;

    // Fails only if the counter is full, and then the thread wakes up anyway.
    if (write(publisher->wake, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

struct publisher *publisher_new(const struct publisher_options *options)
{
    struct publisher *publisher = mem_zalloc(sizeof(*publisher));

    publisher->options = *options;
    publisher->outage.module = options->module;
    publisher->outage.what = options->what;
    list_init(&publisher->fresh);
    list_init(&publisher->sent);
    pthread_mutex_init(&publisher->lock, NULL);
    publisher->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (publisher->wake >= 0 && thread_start(&publisher->thread, serve, publisher))
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
    wake(publisher);
    pthread_join(publisher->thread, NULL);
    publisher->stopped = true;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    publisher_stop(publisher);
    if (publisher->wake >= 0)
        close(publisher->wake);
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
        wake(publisher);
}
