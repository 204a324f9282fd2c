#include "relay/event_log/size_limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/redis_error.h"
#include "relay/event_log/event_log_internal.h"

#define LOG_MODULE "redis"
#include "common/log.h"

#define CHECKS_PER_LOG 32 // the log is measured after each 32nd part of its limit
#define ROUNDS_MAX     20
#define SMALL_LOG      ((uint64_t)1024 * 1024) // a smaller log is not what fills Redis
#define LOG_AGAIN_MS   60000

struct usage {
    uint64_t entries, bytes;
};

// A user of Redis without the rights leaves the log as long as LOG_MAXLEN allows.
static void report_error(struct event_log *log, const char *error)
{
    if (redis_error_ends_connection(error)) {
        event_log_lose(log, error);
        return;
    }
    if (!log->unmeasured_logged)
        log_warn("the log cannot be kept within LOG_MAX_BYTES reason=%s remedy=%s", error,
                 "grant memory|usage, xlen and xtrim to the user of Redis");
    log->unmeasured_logged = true;
}

static bool take_number(struct event_log *log, redisReply *reply, uint64_t *out)
{
    bool number = reply && reply->type == REDIS_REPLY_INTEGER;

    *out = number ? (uint64_t)reply->integer : 0; // nil: there is no stream
    if (reply && reply->type == REDIS_REPLY_ERROR)
        report_error(log, reply->str);
    if (reply)
        freeReplyObject(reply);
    return number;
}

static bool measure(struct event_log *log, unsigned shard, struct usage *out)
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

// Estimates from the average size how many entries fit. Entries differ in size, so it takes several
// rounds.
static void keep_within(struct event_log *log, unsigned shard, uint64_t max_bytes)
{
    struct usage usage;

    for (int i = 0; i < ROUNDS_MAX && measure(log, shard, &usage) && usage.bytes > max_bytes; i++) {
        uint64_t keep = (uint64_t)((double)usage.entries * (double)max_bytes / (double)usage.bytes);
        if (usage.entries <= 1 || !trim(log, shard, keep < 1 ? 1 : keep))
            return;
    }
}

void event_log_keep_within_bytes(struct event_log *log)
{
    uint64_t max_bytes = log->options.max_bytes;

    if (!log->redis || log->grown_bytes < max_bytes / CHECKS_PER_LOG)
        return;
    log->grown_bytes = 0;
    // A little below the limit, so that it holds until the next check.
    EVENT_LOG_EACH_SHARD(log, i)
    keep_within(log, i, max_bytes - max_bytes / CHECKS_PER_LOG);
}

static void log_trimming(struct event_log *log)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (log->full_logged_ms != 0 && now_ms < log->full_logged_ms + LOG_AGAIN_MS)
        return;
    log->full_logged_ms = now_ms;
    log_warn("Redis is out of memory; the oldest events of the log make room for new ones "
             "trimmed=%" PRIu64 " remedy=%s",
             log->trimmed, "give Redis a larger maxmemory, or the log a smaller LOG_MAX_BYTES");
}

bool event_log_free_memory(struct event_log *log)
{
    uint64_t before = log->trimmed;
    struct usage usage;

    EVENT_LOG_EACH_SHARD(log, i)
    if (measure(log, i, &usage) && usage.bytes > SMALL_LOG && usage.entries > 1)
        trim(log, i, usage.entries - (usage.entries + 3) / 4);
    if (log->trimmed > before)
        log_trimming(log);
    return log->trimmed > before;
}

uint64_t event_log_trimmed(const struct event_log *log)
{
    return log->trimmed;
}
