#include "relay/uplink/uplink_outcomes.h"

#include "common/clock.h"

#define LOG_MODULE "uplink"
#include "common/log.h"

#define LOG_AGAIN_MS 10000

// ---- dead letters

static void log_letter(struct uplink_outcomes *outcomes, const struct uplink_item *item,
                       uint64_t now_ms)
{
    const struct uplink_message *message = item->message;

    outcomes->letters++;
    if (outcomes->letter_logged_ms != 0 && now_ms < outcomes->letter_logged_ms + LOG_AGAIN_MS)
        return;
    log_warn("RabbitMQ does not take an entry of the uplink, it becomes a dead letter reason=%s "
             "exchange=%s routing_key=%s message_id=%s bytes=%zu events=%" PRIu64,
             item->failure->reason, message->exchange, message->routing_key, message->id,
             message->body.len, outcomes->letters);
    outcomes->letter_logged_ms = now_ms;
    outcomes->letters = 0;
}

static void record_failure(struct uplink_outcomes *outcomes, struct uplink_item *item,
                           enum uplink_fault fault, const char *reason, uint64_t now_ms)
{
    metric_add(&outcomes->metrics->letters[fault], 1);
    item->failure = uplink_failure_new(reason);
    item->suspect = false;
    log_letter(outcomes, item, now_ms);
}

static void make_letter(struct uplink_outcomes *outcomes, struct uplink_item *item,
                        enum uplink_fault fault, const char *reason, uint64_t now_ms)
{
    record_failure(outcomes, item, fault, reason, now_ms);
    uplink_window_retry(outcomes->window, item, 0);
}

static void note_route(struct refused_routes *routes, const struct uplink_item *item,
                       uint64_t now_ms)
{
    const struct uplink_message *message = item->message;

    refused_routes_note(routes, message->exchange, message->routing_key, message->reason, now_ms);
}

static const char *find_route(const struct refused_routes *routes, const struct uplink_item *item,
                              uint64_t now_ms)
{
    return refused_routes_find(routes, item->message->exchange, item->message->routing_key, now_ms);
}

void uplink_outcomes_check(struct uplink_outcomes *outcomes, struct uplink_item *item,
                           uint64_t now_ms)
{
    const char *why;

    if (item->failure)
        return;
    if (item->message->malformed)
        record_failure(outcomes, item, UPLINK_MALFORMED, "malformed entry of the uplink", now_ms);
    else if ((why = find_route(&outcomes->closed, item, now_ms)))
        record_failure(outcomes, item, UPLINK_CLOSED, why, now_ms);
    else if ((why = find_route(&outcomes->unconfirmed, item, now_ms)))
        record_failure(outcomes, item, UPLINK_UNCONFIRMED, why, now_ms);
}

// ---- outcomes

static void retry(struct uplink_outcomes *outcomes, struct uplink_item *item, uint64_t at_ms)
{
    metric_add(&outcomes->metrics->retries, 1);
    uplink_window_retry(outcomes->window, item, at_ms);
}

static void hold(struct uplink_outcomes *outcomes, struct uplink_item *item, uint64_t now_ms)
{
    retry(outcomes, item, 0);
    outcomes->hold_until_ms = now_ms + UPLINK_HOLD_MS;
}

// A queue that has refused one entry for as long as it may is full for those behind it too.
// Otherwise each would hold up its owner for as long.
static void on_refused(struct uplink_outcomes *outcomes, struct uplink_item *item, uint64_t now_ms)
{
    bool full = find_route(&outcomes->full, item, now_ms) != NULL;

    if (item->refused_ms == 0)
        item->refused_ms = now_ms;
    if (!full && now_ms < item->refused_ms + UPLINK_REFUSED_MAX_MS) {
        retry(outcomes, item, now_ms + UPLINK_REFUSED_WAIT_MS);
        return;
    }
    if (!full)
        note_route(&outcomes->full, item, now_ms);
    make_letter(outcomes, item, UPLINK_REFUSED, item->message->reason, now_ms);
}

// The first time it may have been another one.
static void on_closed(struct uplink_outcomes *outcomes, struct uplink_item *item, uint64_t now_ms)
{
    if (!item->suspect) {
        item->suspect = true;
        retry(outcomes, item, 0);
        return;
    }
    note_route(&outcomes->closed, item, now_ms);
    make_letter(outcomes, item, UPLINK_CLOSED, item->message->reason, now_ms);
}

static void on_unconfirmed(struct uplink_outcomes *outcomes, struct uplink_item *item,
                           uint64_t now_ms)
{
    note_route(&outcomes->unconfirmed, item, now_ms);
    make_letter(outcomes, item, UPLINK_UNCONFIRMED, item->message->reason, now_ms);
}

// A queue does not confirm, and nothing else is sent meanwhile. If RabbitMQ itself hangs, no other
// connection is made, and the entry waits for one.
static void on_silent(struct uplink_outcomes *outcomes, struct uplink_item *item, uint64_t now_ms)
{
    item->silent_ms += now_ms - item->sent_ms;
    if (item->silent_ms < UPLINK_SILENT_MAX_MS)
        retry(outcomes, item, now_ms + UPLINK_REFUSED_WAIT_MS);
    else
        on_unconfirmed(outcomes, item, now_ms);
}

static void take(struct uplink_outcomes *outcomes, struct uplink_item *item, uint64_t now_ms)
{
    switch (item->message->outcome) {
    case PUBLISH_DONE:
        metric_add(&outcomes->metrics->published, 1);
        uplink_window_done(outcomes->window, item);
        break;
    case PUBLISH_UNROUTABLE:
        make_letter(outcomes, item, UPLINK_UNROUTABLE, "no queue is bound to the exchange for it",
                    now_ms);
        break;
    case PUBLISH_REFUSED:
        on_refused(outcomes, item, now_ms);
        break;
    case PUBLISH_CLOSED:
        on_closed(outcomes, item, now_ms);
        break;
    case PUBLISH_UNCONFIRMED:
        on_unconfirmed(outcomes, item, now_ms);
        break;
    case PUBLISH_SILENT:
        on_silent(outcomes, item, now_ms);
        break;
    case PUBLISH_UNAVAILABLE:
    case PUBLISH_BLOCKED:
    case PUBLISH_STOPPING:
    case PUBLISH_LOST:
        hold(outcomes, item, now_ms);
        break;
    }
}

// A letter that is not taken waits, and with it the entries of its owner. Others go on.
static void take_of_letter(struct uplink_outcomes *outcomes, struct uplink_item *item,
                           uint64_t now_ms)
{
    switch (item->message->outcome) {
    case PUBLISH_DONE:
        uplink_window_done(outcomes->window, item);
        break;
    case PUBLISH_UNROUTABLE:
    case PUBLISH_REFUSED:
    case PUBLISH_UNCONFIRMED:
    case PUBLISH_SILENT:
        metric_add(&outcomes->metrics->letters_failed, 1);
        retry(outcomes, item, now_ms + UPLINK_LETTER_WAIT_MS);
        break;
    case PUBLISH_CLOSED:
        metric_add(&outcomes->metrics->letters_failed, item->suspect);
        retry(outcomes, item, item->suspect ? now_ms + UPLINK_LETTER_WAIT_MS : 0);
        item->suspect = true;
        break;
    case PUBLISH_UNAVAILABLE:
    case PUBLISH_BLOCKED:
    case PUBLISH_STOPPING:
    case PUBLISH_LOST:
        hold(outcomes, item, now_ms);
        break;
    }
}

void uplink_outcomes_take(struct uplink_outcomes *outcomes, struct uplink_item *item,
                          uint64_t now_ms)
{
    if (item->failure)
        take_of_letter(outcomes, item, now_ms);
    else
        take(outcomes, item, now_ms);
}
