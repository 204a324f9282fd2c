#include "relay/event_log/flight.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/redis_error.h"
#include "common/resp.h"
#include "relay/event_log/append_script.h"
#include "relay/event_log/event_log_internal.h"

#define ARGS_FIXED   7                     // EVALSHA sha 2 log channel max_len before
#define COMMAND_KEPT ((size_t)1024 * 1024) // a longer command is freed after it was sent
#define SEND_MAX     256                   // events that are sent at a time
#define REPLICAS_MS  "100"                 // that replicas have to confirm a batch
#define LANDING_MS   1000 // after that only the flight that is landing is waited for

// ---- sending

static bool is_in_flight(const struct event_log *log, unsigned shard)
{
    for (unsigned i = 0; i < log->flight_count; i++) {
        const struct flight *flight = &log->flights[(log->flight_first + i) % FLIGHTS_MAX];
        if (!position_is_none(flight->last[shard]))
            return true;
    }
    return false;
}

// The events of one shard in a part.
struct share {
    size_t events;
    struct position before, last; // the position before the first of them, and that of the last
};

static bool is_of_shard(const struct batch_entry *entry, unsigned shard)
{
    return !entry->logged && entry->shard == shard;
}

static struct share share_of(const struct batch *batch, size_t from, size_t until, unsigned shard)
{
    struct share share = {0};

    for (size_t i = from; i < until; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        if (!is_of_shard(entry, shard))
            continue;
        if (share.events++ == 0)
            share.before = entry->prev;
        share.last = entry->position;
    }
    return share;
}

static void begin_command(struct event_log *log, unsigned shard, const struct share *share)
{
    struct buffer *out = &log->command;
    char before[POSITION_TEXT_MAX] = "";

    if (is_in_flight(log, shard))
        position_print(share->before, before);
    buffer_clear(out);
    resp_begin(out, ARGS_FIXED + 2 * share->events);
    resp_add(out, SPAN_LIT("EVALSHA"));
    resp_add(out, (struct span){log->append_sha, SHA_LEN});
    resp_add(out, SPAN_LIT("2"));
    resp_add(out, span_of(log->log_keys[shard]));
    resp_add(out, span_of(log->bus_channels[shard]));
    resp_add(out, span_of(log->max_len));
    resp_add(out, span_of(before));
}

static void end_command(struct event_log *log)
{
    redisAppendFormattedCommand(log->redis, log->command.ptr, log->command.len);
    if (log->command.cap > COMMAND_KEPT)
        buffer_fini(&log->command);
}

// Queues the command for the events of one shard. Returns the position of the last; none if there
// are none.
static struct position send_shard(struct event_log *log, const struct batch *batch, size_t from,
                                  size_t until, unsigned shard)
{
    struct share share = share_of(batch, from, until, shard);

    if (share.events == 0)
        return share.last;
    begin_command(log, shard, &share);
    for (size_t i = from; i < until; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        char id[POSITION_TEXT_MAX];
        if (!is_of_shard(entry, shard))
            continue;
        resp_add(&log->command, (struct span){id, position_print(entry->position, id)});
        resp_add(&log->command, batch_envelope(batch, entry));
    }
    end_command(log);
    return share.last;
}

// Asks how many replicas have what was written before on this connection, and waits a moment for
// them. Until enough have it, the batch is not logged: a primary that is lost may take it along.
//
// Since 7.2 Redis counts only what this connection has written. If nothing of the batch was sent,
// as it is in the log already, something else is written: otherwise Redis would answer at once,
// with replicas that may lack the batch.
static void send_wait(struct event_log *log, struct flight *flight, bool wrote)
{
    char count[12];

    flight->marked = !wrote;
    if (!wrote)
        redisAppendCommandArgv(log->redis, 3, (const char *[]){"SET", log->names.waited, "1"},
                               (const size_t[]){3, strlen(log->names.waited), 1});
    int len = snprintf(count, sizeof(count), "%u", log->options.wait_replicas);
    redisAppendCommandArgv(log->redis, 3, (const char *[]){"WAIT", count, REPLICAS_MS},
                           (const size_t[]){4, (size_t)len, sizeof(REPLICAS_MS) - 1});
}

// A batch that has grown while Redis was away is sent in pieces, so that Redis is not busy with it
// for long. Returns the end of the next one.
static size_t end_of_piece(struct batch *batch, size_t from, struct flight *flight)
{
    size_t i = from;

    flight->bytes = 0;
    for (size_t events = 0; i < batch->count && events < SEND_MAX; i++) {
        struct batch_entry *entry = &batch->entries[i];
        if (entry->sent_us == 0)
            entry->sent_us = flight->sent_us;
        flight->bytes += entry->logged ? 0 : entry->len;
        events += !entry->logged;
    }
    return i;
}

// Queues the commands. Returns whether there are any.
static bool queue_flight(struct event_log *log, struct batch *batch, struct flight *flight)
{
    size_t from = log->flight_count > 0 ? batch->sent : 0;
    bool wrote = false;

    flight->sent_us = clock_monotonic_us();
    batch->sent = end_of_piece(batch, from, flight);
    flight->from = batch->left + from;
    flight->until = batch->left + batch->sent;
    batch->tried = flight->until > batch->tried ? flight->until : batch->tried;
    batch->losses = log->losses;
    EVENT_LOG_EACH_SHARD(log, i)
    {
        flight->last[i] = send_shard(log, batch, from, batch->sent, i);
        wrote |= !position_is_none(flight->last[i]);
    }
    if (log->options.wait_replicas > 0)
        send_wait(log, flight, wrote);
    return wrote || log->options.wait_replicas > 0;
}

static void settle(struct event_log *log)
{
    (void)flight_land(log, true); // what failed stays in doubt
}

void flight_send(struct event_log *log, struct batch *batch)
{
    unsigned next = (log->flight_first + log->flight_count) % FLIGHTS_MAX;
    int flushed = 0;

    if (!queue_flight(log, batch, &log->flights[next]))
        return;
    log->batch = batch;
    log->settle = settle;
    log->flight_count++;
    batch->in_doubt = true;
    while (!flushed && redisBufferWrite(log->redis, &flushed) == REDIS_OK)
        ; // a failed write shows when the answers are read
}

// ---- answers

bool answers_are_good(const struct answers *a)
{
    return !a->lost && !a->no_script && !a->full && !a->failed && !a->refused;
}

static void take_refusal(struct event_log *log, const char *error, struct answers *answers)
{
    event_log_record_write(log, error);
    if (redis_error_is_out_of_memory(error)) {
        answers->full = true;
    } else {
        answers->failed = true;
        event_log_report_error(log, error);
    }
    answers->lost = !event_log_connected(log);
}

// Redis refuses an id that is not above the last one: an earlier attempt has arrived after all, or
// another relay has claimed the log. The script refuses events whose predecessor was refused. The
// batch stays in doubt then, and the next attempt looks into the log.
static void take_error(struct event_log *log, const redisReply *reply, struct answers *answers)
{
    if (reply_is_error(reply, "NOSCRIPT"))
        answers->no_script = true;
    else if (reply_is_error(reply, REFUSED_XADD) || reply_is_error(reply, APPEND_REFUSED))
        answers->refused = true;
    else
        take_refusal(log, reply->str, answers);
}

// Returns whether what was asked is done.
static bool take_answer(struct event_log *log, struct answers *answers)
{
    redisReply *reply = event_log_next_reply(log);

    if (!reply) {
        answers->lost = true;
        return false;
    }
    bool done = reply->type != REDIS_REPLY_ERROR;
    if (!done)
        take_error(log, reply, answers);
    freeReplyObject(reply);
    return done;
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
// would be taken for that of the next command. Returns whether enough replicas have what was
// written.
static bool take_wait(struct event_log *log, const struct flight *flight, struct answers *answers)
{
    if (flight->marked && !answers->lost)
        (void)take_answer(log, answers);
    bool failed = answers->failed;
    redisReply *reply = answers->lost ? NULL : event_log_next_reply(log);
    answers->lost |= !reply;
    if (!reply)
        return false;
    bool enough = reply->type == REDIS_REPLY_INTEGER &&
                  reply->integer >= (long long)log->options.wait_replicas;
    if (!failed && reply->type == REDIS_REPLY_ERROR)
        event_log_report_error(log, reply->str);
    else if (!failed && !enough)
        report_replicas(log, reply->integer);
    answers->failed |= !enough;
    freeReplyObject(reply);
    return enough;
}

// Forgets the last position of the shards whose events were refused.
static void take_shards(struct event_log *log, struct flight *flight, struct answers *answers)
{
    EVENT_LOG_EACH_SHARD(log, i)
    if (!position_is_none(flight->last[i]) && (answers->lost || !take_answer(log, answers)))
        flight->last[i] = (struct position){0};
}

static void mark_logged(struct event_log *log, const struct flight *flight)
{
    EVENT_LOG_EACH_SHARD(log, i)
    if (!position_is_none(flight->last[i]))
        batch_mark_logged(log->batch, i, flight->last[i]);
}

static void add_answers(struct answers *to, const struct answers *from)
{
    to->lost |= from->lost;
    to->no_script |= from->no_script;
    to->full |= from->full;
    to->failed |= from->failed;
    to->refused |= from->refused;
}

static void land_oldest(struct event_log *log, struct answers *all)
{
    struct flight *flight = &log->flights[log->flight_first];
    struct batch *batch = log->batch;
    struct answers answers = {0};

    log->flight_first = (log->flight_first + 1) % FLIGHTS_MAX;
    log->flight_count--;
    take_shards(log, flight, &answers);
    bool waits = log->options.wait_replicas > 0;
    if (!waits || take_wait(log, flight, &answers))
        mark_logged(log, flight);
    if (answers_are_good(&answers)) {
        batch_confirm(batch, flight->from, flight->until);
        log->grown_bytes += flight->bytes;
    }
    if (log->flight_count == 0 && batch_logged_count(batch, UINT64_MAX) >= batch->sent)
        batch->in_doubt = false;
    add_answers(all, &answers);
}

struct answers flight_land(struct event_log *log, bool all)
{
    uint64_t until_ms = clock_monotonic_ms() + LANDING_MS;
    struct answers answers = {0};

    while (log->flight_count > 0) {
        land_oldest(log, &answers);
        if (log->flight_count > 0 && clock_monotonic_ms() >= until_ms)
            answers.lost = !event_log_lose(log, "many answers are late");
        if (answers_are_good(&answers) && !all && log->flight_count > 0 &&
            !event_log_has_reply(log))
            break;
    }
    return answers;
}
