#include "relay/event_log/claim.h"

#include "common/redis_error.h"
#include "relay/event_log/event_log_internal.h"
#include "relay/event_log/size_limit.h"

#define CLAIM_TRIES 3

// Raises the last id of a stream and leaves no entry.
static const char claim_script[] =
    "redis.call('XADD', KEYS[1], ARGV[1], '" REDIS_LOG_ENVELOPE_FIELD "', '')\n"
    "redis.call('XDEL', KEYS[1], ARGV[1])\n"
    "return 1\n";

static bool parse_id(const redisReply *reply, struct position *out)
{
    return reply->type == REDIS_REPLY_STRING &&
           position_parse((struct span){reply->str, reply->len}, out);
}

static bool find_last_id(const redisReply *info, struct position *out)
{
    for (size_t i = 0; i + 1 < info->elements; i += 2) {
        const redisReply *name = info->element[i];
        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "last-generated-id") == 0)
            return parse_id(info->element[i + 1], out);
    }
    return false;
}

bool event_log_read_last_id(struct event_log *log, unsigned shard, struct position *out)
{
    redisReply *info = EVENT_LOG_ASK(log, "XINFO", "STREAM", log->log_keys[shard]);

    *out = (struct position){0};
    if (info && reply_is_error(info, "no such key")) {
        freeReplyObject(info);
        return true;
    }
    bool found = info && info->type == REDIS_REPLY_ARRAY && find_last_id(info, out);
    return event_log_accept_reply(log, info) && found;
}

static bool read_newest(struct event_log *log, unsigned shard, struct position *out)
{
    redisReply *page =
        EVENT_LOG_ASK(log, "XREVRANGE", log->log_keys[shard], "+", "-", "COUNT", "1");

    *out = (struct position){0};
    if (page && page->type == REDIS_REPLY_ARRAY && page->elements == 1 &&
        page->element[0]->type == REDIS_REPLY_ARRAY && page->element[0]->elements == 2 &&
        !parse_id(page->element[0]->element[0], out)) {
        freeReplyObject(page);
        return event_log_lose(log, "an entry of the log has no proper id");
    }
    return event_log_accept_reply(log, page);
}

bool event_log_is_superseded(struct event_log *log, uint64_t epoch)
{
    struct position last;

    return event_log_read_last_id(log, log->options.node, &last) && last.epoch > epoch;
}

bool event_log_read_tops(struct event_log *log, struct position tops[SHARDS_MAX])
{
    EVENT_LOG_EACH_SHARD(log, i)
    if (!read_newest(log, i, &tops[i]))
        return false;
    return true;
}

// An epoch above that of every shard, even if the clock of this machine is behind.
static bool find_epoch(struct event_log *log, uint64_t *epoch)
{
    EVENT_LOG_EACH_SHARD(log, i)
    {
        struct position last;
        if (!event_log_read_last_id(log, i, &last))
            return false;
        if (last.epoch >= *epoch)
            *epoch = last.epoch + 1;
    }
    return true;
}

// Raises the last id of all shards to the epoch. Sets `taken` if another relay was faster.
static bool raise_tops(struct event_log *log, uint64_t epoch, bool *taken)
{
    char id[POSITION_TEXT_MAX];

    position_print((struct position){epoch, 0}, id);
    EVENT_LOG_EACH_SHARD(log, i)
    {
        redisReply *reply = EVENT_LOG_ASK(log, "EVAL", claim_script, "1", log->log_keys[i], id);
        *taken = reply && reply_is_error(reply, REFUSED_XADD);
        bool full =
            reply && reply->type == REDIS_REPLY_ERROR && redis_error_is_out_of_memory(reply->str);
        if (*taken) {
            freeReplyObject(reply);
            return true;
        }
        if (!event_log_accept_reply(log, reply)) {
            if (full)
                event_log_free_memory(log); // makes room for the next attempt
            return false;
        }
    }
    return true;
}

static bool claim_once(const struct event_logs *logs, uint64_t now_ms, uint64_t *epoch, bool *taken)
{
    *epoch = now_ms;
    *taken = false;
    for (unsigned i = 0; i < logs->count; i++)
        if (!find_epoch(logs->logs[i], epoch))
            return false;
    for (unsigned i = 0; i < logs->count && !*taken; i++)
        if (!raise_tops(logs->logs[i], *epoch, taken))
            return false;
    return true;
}

bool event_log_claim(const struct event_logs *logs, uint64_t now_ms, struct sequence *out)
{
    bool taken = true;

    *out = (struct sequence){.shards = event_log_shards(logs->logs[0])};
    for (int i = 0; i < CLAIM_TRIES && taken; i++)
        if (!claim_once(logs, now_ms, &out->epoch, &taken))
            return false;
    if (taken)
        return false;
    for (unsigned i = 0; i < logs->count; i++)
        if (!event_log_read_tops(logs->logs[i], out->last))
            return false;
    return true;
}
