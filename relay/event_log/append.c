#include "relay/event_log/append.h"

#include <stdio.h>

#include "common/mem.h"
#include "common/redis_error.h"
#include "relay/event_log/claim.h"
#include "relay/event_log/event_log_internal.h"
#include "relay/event_log/size_limit.h"

#define ARGS_FIXED  6     // EVALSHA sha 2 log channel max_len
#define TRIES_MAX   8     // without progress
#define SEND_MAX    256   // events of a shard that are sent at a time
#define REPLICAS_MS "100" // that replicas have to confirm a batch
#define FULL        "OOM command not allowed when used memory > 'maxmemory'" // in the words of Redis

static void reserve_args(struct event_log *log, size_t events)
{
    size_t need = ARGS_FIXED + 2 * events;

    if (need <= log->arg_cap)
        return;
    log->args = mem_realloc(log->args, need * sizeof(*log->args));
    log->arg_lens = mem_realloc(log->arg_lens, need * sizeof(*log->arg_lens));
    log->ids = mem_realloc(log->ids, events * sizeof(*log->ids));
    log->arg_cap = need;
}

static void put_arg(struct event_log *log, size_t i, const char *ptr, size_t len)
{
    log->args[i] = ptr;
    log->arg_lens[i] = len;
}

static void put_text(struct event_log *log, size_t i, const char *text)
{
    put_arg(log, i, text, strlen(text));
}

// Queues the command for one shard. Returns the position of the last event in it; none if the batch
// has nothing for the shard. A batch that has grown while Redis was away is sent in pieces, so that
// Redis is not busy with it for long.
static struct position send_shard(struct event_log *log, const struct batch *batch, unsigned shard)
{
    size_t argc = ARGS_FIXED, events = 0;
    struct position last = {0};

    for (size_t i = 0; i < batch->count && events < SEND_MAX; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        if (entry->logged || entry->shard != shard)
            continue;
        struct span envelope = batch_envelope(batch, entry);
        size_t id_len = position_print(entry->position, log->ids[events]);
        put_arg(log, argc++, log->ids[events++], id_len);
        put_arg(log, argc++, envelope.ptr, envelope.len);
        last = entry->position;
    }
    if (events == 0)
        return last;
    put_text(log, 0, "EVALSHA");
    put_arg(log, 1, log->append_sha, SHA_LEN);
    put_text(log, 2, "2");
    put_text(log, 3, log->log_keys[shard]);
    put_text(log, 4, log->bus_channels[shard]);
    put_text(log, 5, log->max_len);
    redisAppendCommandArgv(log->redis, (int)argc, log->args, log->arg_lens);
    return last;
}

struct answers {
    bool lost;      // the connection is lost: not all answers came
    bool no_script; // Redis has forgotten the script
    bool full;      // Redis has no memory left
    bool failed;    // Redis refused for another reason, or too few replicas have the batch
};

// Redis refuses an id that is not above the last one: an earlier attempt has arrived after all, or
// another relay has claimed the log. The batch stays in doubt, and the next attempt looks into the
// log.
static void take_error(struct event_log *log, const redisReply *reply, struct answers *answers)
{
    if (reply_is_error(reply, "NOSCRIPT")) {
        answers->no_script = true;
    } else if (!reply_is_error(reply, REFUSED_XADD)) {
        event_log_record_write(log, reply->str);
        if (redis_error_is_out_of_memory(reply->str)) {
            answers->full = true;
        } else {
            answers->failed = true;
            event_log_report_error(log, reply->str);
        }
        answers->lost = !event_log_connected(log);
    }
}

// Returns whether the events of the shard are in the log.
static bool take_answer(struct event_log *log, struct answers *answers)
{
    redisReply *reply = event_log_next_reply(log);

    if (!reply) {
        answers->lost = true;
        return false;
    }
    bool logged = reply->type != REDIS_REPLY_ERROR;
    if (!logged)
        take_error(log, reply, answers);
    freeReplyObject(reply);
    return logged;
}

// Asks how many replicas have what was written before on this connection, and waits a moment for
// them. Until enough have it, the batch is not logged: a primary that is lost may take it along.
//
// Since 7.2 Redis counts only what this connection has written. If nothing of the batch was sent,
// as it is in the log already, something else is written: otherwise Redis would answer at once,
// with replicas that may lack the batch.
static void send_wait(struct event_log *log, bool wrote)
{
    if (log->options.wait_replicas == 0)
        return;
    char count[12];
    log->marked = !wrote;
    if (!wrote)
        redisAppendCommandArgv(log->redis, 3, (const char *[]){"SET", log->names.waited, "1"},
                               (const size_t[]){3, strlen(log->names.waited), 1});
    int len = snprintf(count, sizeof(count), "%u", log->options.wait_replicas);
    redisAppendCommandArgv(log->redis, 3, (const char *[]){"WAIT", count, REPLICAS_MS},
                           (const size_t[]){4, (size_t)len, sizeof(REPLICAS_MS) - 1});
}

// Sends the commands for all shards in one write. The batch is in doubt until all answers have
// come.
static void send_batch(struct event_log *log, struct batch *batch)
{
    int flushed = 0;
    bool wrote = false;

    reserve_args(log, batch->count);
    batch->in_doubt = true;
    batch->unconfirmed = batch->wants_replicas;
    log->answers_due = true;
    EVENT_LOG_EACH_SHARD(log, i)
    {
        log->sent[i] = send_shard(log, batch, i);
        wrote |= !position_is_none(log->sent[i]);
    }
    send_wait(log, wrote);
    while (!flushed && redisBufferWrite(log->redis, &flushed) == REDIS_OK)
        ; // a failed write shows when the answers are read
}

static void report_replicas(struct event_log *log, long long found)
{
    char reason[96];

    log->unreplicated++;
    log->refusal = EVENT_LOG_NO_REPLICAS;
    snprintf(reason, sizeof(reason), "%lld of %u replicas have the newest events", found,
             log->options.wait_replicas);
    log->outage.remedy = "check the replicas of Redis and REDIS_WAIT_REPLICAS";
    outage_log_begin(&log->outage, reason);
    log->outage.remedy = redis_settings_remedy(log->options.redis);
}

// Its answer is read even if a script was refused: the connection stays, and an answer left on it
// would be taken for that of the next command.
static void take_wait(struct event_log *log, struct batch *batch, struct answers *answers)
{
    redisReply *reply;

    if (log->options.wait_replicas == 0)
        return;
    if (log->marked && !answers->lost)
        (void)take_answer(log, answers);
    if (answers->lost)
        return;
    reply = event_log_next_reply(log);
    answers->lost = !reply;
    if (!reply)
        return;
    batch->unconfirmed = reply->type != REDIS_REPLY_INTEGER ||
                         reply->integer < (long long)log->options.wait_replicas;
    if (!answers->failed && reply->type == REDIS_REPLY_ERROR)
        event_log_report_error(log, reply->str);
    else if (!answers->failed && batch->unconfirmed)
        report_replicas(log, reply->integer);
    answers->failed |= batch->unconfirmed;
    freeReplyObject(reply);
}

static struct answers take_answers(struct event_log *log, struct batch *batch)
{
    struct answers answers = {0};

    log->answers_due = false;
    EVENT_LOG_EACH_SHARD(log, i)
    if (!answers.lost && !position_is_none(log->sent[i]) && take_answer(log, &answers))
        batch_mark_logged(batch, i, log->sent[i]);
    take_wait(log, batch, &answers);
    return answers;
}

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

    if (batch->unconfirmed)
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
    return EVENT_LOG_OK;
}

// One attempt: reads the answers to a batch that was sent, or sends it first. A batch in doubt is
// compared with the log before anything is sent again.
static enum event_log_status append_once(struct event_log *log, struct batch *batch)
{
    if (batch->in_doubt && !log->answers_due) {
        enum event_log_status status = resolve_doubt(log, batch);
        if (status != EVENT_LOG_OK || batch_logged(batch))
            return status;
    }
    if (!log->answers_due)
        send_batch(log, batch);
    struct answers answers = take_answers(log, batch);
    if (answers.no_script && !answers.lost)
        event_log_load_append_script(log);
    if (answers.full && !answers.lost && !event_log_free_memory(log)) {
        event_log_report_error(log, FULL);
        answers.failed = true;
    }
    if (batch_logged(batch)) {
        batch->in_doubt = false;
        log->grown_bytes += batch->bytes.len;
        log->refusal = EVENT_LOG_WRITABLE;
        outage_log_end(&log->outage);
    }
    return answers.lost || answers.failed ? EVENT_LOG_FAILED : EVENT_LOG_OK;
}

void event_log_send(struct event_log *log, struct batch *batch)
{
    if (log->redis && !batch->in_doubt && !batch_logged(batch))
        send_batch(log, batch);
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
