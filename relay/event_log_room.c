// How much room the log takes in Redis: a stream keeps within its entries by itself, not within
// bytes, and a Redis that is full refuses the very XADD that would trim it. XTRIM it takes always.
#include <stdlib.h>

#include "common/clock.h"
#include "common/redis_error.h"
#include "relay/event_log_internals.h"

#define LOG_MODULE "redis"
#include "common/log.h"

#define LOOKS_PER_LOG 32 // Redis counts the bytes after each so many-th part of the limit
#define ROUNDS_MAX    20
#define SMALL_LOG     ((uint64_t)1024 * 1024) // a smaller one is not what fills Redis
#define TELL_AGAIN_MS 60000

struct room {
    uint64_t entries, bytes;
};

// Rights that are missing leave the log as long as its entries allow.
static void note_error(struct event_log *log, const char *error)
{
    if (redis_error_ends_connection(error)) {
        event_log_lose(log, error);
        return;
    }
    if (!log->told_unmeasured)
        log_warn("the log cannot be kept within LOG_MAX_BYTES: %s; grant memory|usage, xlen and "
                 "xtrim to the user of Redis",
                 error);
    log->told_unmeasured = true;
}

static bool take_number(struct event_log *log, redisReply *reply, uint64_t *out)
{
    bool number = reply && reply->type == REDIS_REPLY_INTEGER;

    *out = number ? (uint64_t)reply->integer : 0; // nothing: there is no such stream
    if (reply && reply->type == REDIS_REPLY_ERROR)
        note_error(log, reply->str);
    if (reply)
        freeReplyObject(reply);
    return number;
}

static bool measure(struct event_log *log, unsigned shard, struct room *out)
{
    const char *key = log->log_keys[shard];

    return take_number(log, EVENT_LOG_ASK(log, "MEMORY", "USAGE", key, "SAMPLES", "0"),
                       &out->bytes) &&
           take_number(log, EVENT_LOG_ASK(log, "XLEN", key), &out->entries);
}

static bool trim(struct event_log *log, unsigned shard, uint64_t keep)
{
    char count[21];
    uint64_t trimmed;

    snprintf(count, sizeof(count), "%" PRIu64, keep);
    if (!take_number(log, EVENT_LOG_ASK(log, "XTRIM", log->log_keys[shard], "MAXLEN", count),
                     &trimmed))
        return false;
    log->trimmed += trimmed;
    return trimmed > 0;
}

// Entries differ in size, so what is too much goes in rounds.
static void keep_within(struct event_log *log, unsigned shard, uint64_t max_bytes)
{
    struct room room;

    for (int i = 0; i < ROUNDS_MAX && measure(log, shard, &room) && room.bytes > max_bytes; i++) {
        uint64_t keep = (uint64_t)((double)room.entries * (double)max_bytes / (double)room.bytes);
        if (room.entries <= 1 || !trim(log, shard, keep < 1 ? 1 : keep))
            return;
    }
}

void event_log_keep_within_bytes(struct event_log *log)
{
    uint64_t max_bytes = log->options.max_bytes;

    if (!log->redis || log->grown_bytes < max_bytes / LOOKS_PER_LOG)
        return;
    log->grown_bytes = 0;
    // A little below it, so that what comes until the next look has its place.
    for (unsigned i = 0; i < log->options.shards; i++)
        keep_within(log, i, max_bytes - max_bytes / LOOKS_PER_LOG);
}

static void tell(struct event_log *log)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (log->told_full_ms != 0 && now_ms < log->told_full_ms + TELL_AGAIN_MS)
        return;
    log->told_full_ms = now_ms;
    log_warn("Redis is out of memory: the oldest events of the log make room for new ones; give "
             "Redis a larger maxmemory, or the log a smaller LOG_MAX_BYTES trimmed=%" PRIu64,
             log->trimmed);
}

bool event_log_make_room(struct event_log *log)
{
    uint64_t before = log->trimmed;
    struct room room;

    for (unsigned i = 0; i < log->options.shards; i++)
        if (measure(log, i, &room) && room.bytes > SMALL_LOG && room.entries > 1)
            trim(log, i, room.entries - (room.entries + 3) / 4);
    if (log->trimmed > before)
        tell(log);
    return log->trimmed > before;
}

uint64_t event_log_trimmed(const struct event_log *log)
{
    return log->trimmed;
}
