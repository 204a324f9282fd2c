#include "relay/event_log/append.h"

#include "relay/event_log/claim.h"
#include "relay/event_log/event_log_internal.h"
#include "relay/event_log/flight.h"
#include "relay/event_log/size_limit.h"

#define WAITING_MAX 4 // parts in flight that wait for replicas
#define TRIES_MAX   8 // without progress
#define FULL        "OOM command not allowed when used memory > 'maxmemory'" // in the words of Redis

// 0: the batch has only deliveries that were in the log before. They need no claim.
static uint64_t epoch_of(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!position_is_none(batch->entries[i].position))
            return batch->entries[i].position.epoch;
    return 0;
}

// Asks Redis which events of the batch are in the log: those at or below the last id of their
// shard. This is enough because an event keeps its position through every retry (decision 009).
static enum event_log_status resolve_doubt(struct event_log *log, struct batch *batch)
{
    uint64_t epoch = epoch_of(batch);

    batch_note_losses(batch, log->losses);
    if (batch->wants_replicas)
        batch_unmark_logged(batch); // this may be another server, which lacks what the last one had
    EVENT_LOG_EACH_SHARD(log, i)
    {
        struct position last;
        if (!event_log_read_last_id(log, i, &last))
            return EVENT_LOG_FAILED;
        if (epoch != 0 && last.epoch > epoch)
            return EVENT_LOG_SUPERSEDED;
        batch_mark_logged(batch, i, last);
    }
    batch->in_doubt = false;
    batch->losses = log->losses;
    return EVENT_LOG_OK;
}

// Does what the answers ask for. All flights have landed if they are not good.
static enum event_log_status heed(struct event_log *log, struct answers answers)
{
    if (answers.no_script && !answers.lost)
        event_log_load_append_script(log);
    if (answers.full && !answers.lost && !event_log_free_memory(log)) {
        event_log_report_error(log, FULL);
        answers.failed = true;
    }
    if (answers_are_good(&answers)) {
        log->refusal = EVENT_LOG_WRITABLE;
        outage_log_end(&log->outage);
    }
    return answers.lost || answers.failed ? EVENT_LOG_FAILED : EVENT_LOG_OK;
}

// One attempt: takes the answers to what was sent, or sends it first. A batch in doubt is compared
// with the log before anything is sent again.
static enum event_log_status append_once(struct event_log *log, struct batch *batch)
{
    if (batch->in_doubt && log->flight_count == 0) {
        enum event_log_status status = resolve_doubt(log, batch);
        if (status != EVENT_LOG_OK || batch_logged(batch))
            return status;
    }
    if (log->flight_count == 0)
        flight_send(log, batch);
    return heed(log, flight_land(log, true));
}

// Each part may wait for replicas that are missing.
bool event_log_may_send(const struct event_log *log)
{
    return log->flight_count < (log->options.wait_replicas > 0 ? WAITING_MAX : FLIGHTS_MAX);
}

void event_log_send(struct event_log *log, struct batch *batch)
{
    bool doubt = batch->in_doubt && log->flight_count == 0;

    if (log->redis && !doubt && !batch_logged(batch) && batch->sent < batch->count &&
        event_log_may_send(log))
        flight_send(log, batch);
}

bool event_log_owes(const struct event_log *log, const struct batch *batch)
{
    return batch_owes(batch, log->losses);
}

uint64_t event_log_unanswered_us(const struct event_log *log)
{
    return log->flight_count > 0 ? log->flights[log->flight_first].sent_us : 0;
}

void event_log_settle(struct event_log *log)
{
    if (log->flight_count > 0)
        log->settle(log);
}

enum event_log_status event_log_answers(struct event_log *log, struct batch *batch)
{
    struct answers answers = flight_land(log, false);
    enum event_log_status status = heed(log, answers);

    if (status != EVENT_LOG_OK || answers_are_good(&answers))
        return status;
    return event_log_append(log, batch);
}

enum event_log_status event_log_append(struct event_log *log, struct batch *batch)
{
    enum event_log_status status = EVENT_LOG_OK;
    int tries = 0;

    // Further attempts are for a script that Redis has forgotten, for refused ids, for a log that
    // was trimmed to make room, and for the next piece of a large batch.
    while (tries < TRIES_MAX && status == EVENT_LOG_OK && !batch_logged(batch)) {
        size_t before = batch_unlogged_count(batch);
        if (!event_log_connect(log))
            return EVENT_LOG_FAILED;
        status = append_once(log, batch);
        tries = batch_unlogged_count(batch) < before ? 0 : tries + 1;
    }
    if (status == EVENT_LOG_SUPERSEDED)
        log->refusal = EVENT_LOG_WRITABLE; // it was about the batch
    return status == EVENT_LOG_OK && !batch_logged(batch) ? EVENT_LOG_FAILED : status;
}
