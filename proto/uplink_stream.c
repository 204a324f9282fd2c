#include "proto/uplink_stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/control_channel_internal.h"

// KEYS: the stream, its bytes. ARGV: the id and the bytes of each entry. An empty stream has no
// bytes, whatever was counted.
static const char remove_script[] =
    "local gone = 0\n"
    "for i = 1, #ARGV, 2 do\n"
    "  if redis.call('XDEL', KEYS[1], ARGV[i]) == 1 then gone = gone + ARGV[i + 1] end\n"
    "end\n"
    "if redis.call('XLEN', KEYS[1]) == 0 then\n"
    "  redis.call('DEL', KEYS[2])\n"
    "elseif gone > 0 then\n"
    "  local left = (redis.call('GET', KEYS[2]) or 0) - gone\n"
    "  redis.call('SET', KEYS[2], string.format('%.0f', math.max(left, 0)))\n"
    "end\n"
    "return 1\n";

// KEYS: the same. Answers the number of entries, and of bytes as text.
static const char measure_script[] =
    "return {redis.call('XLEN', KEYS[1]), redis.call('GET', KEYS[2]) or '0'}\n";

static struct span text_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (struct span){reply->str, reply->len}
                                             : (struct span){0};
}

static void take_field(struct uplink_entry *entry, struct span name, struct span value)
{
    if (span_is(name, UPLINK_EXCHANGE_FIELD))
        entry->exchange = value;
    else if (span_is(name, UPLINK_ROUTING_KEY_FIELD))
        entry->routing_key = value;
    else if (span_is(name, UPLINK_OWNER_FIELD))
        entry->owner = value;
    else if (span_is(name, UPLINK_BODY_FIELD))
        entry->body = value;
}

// `reply` is [id, [name, value, …]].
static void visit_entry(const redisReply *reply,
                        void (*visit)(const struct uplink_entry *entry, void *arg), void *arg)
{
    struct uplink_entry entry = {0};

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return;
    const redisReply *fields = reply->element[1];
    entry.id = text_of(reply->element[0]);
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
        take_field(&entry, text_of(fields->element[i]), text_of(fields->element[i + 1]));
    visit(&entry, arg);
}

// The reply of XREAD with one stream: [[name, [entry, …]]], or nil without entries.
static const redisReply *entries_of(const redisReply *reply)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
        return NULL;
    const redisReply *stream = reply->element[0];
    if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 ||
        stream->element[1]->type != REDIS_REPLY_ARRAY)
        return NULL;
    return stream->element[1];
}

static void visit_entries(const redisReply *entries,
                          void (*visit)(const struct uplink_entry *entry, void *arg), void *arg)
{
    for (size_t i = 0; entries && entries->type == REDIS_REPLY_ARRAY && i < entries->elements; i++)
        visit_entry(entries->element[i], visit, arg);
}

bool uplink_stream_read(struct control_channel *channel, struct position after, unsigned wait_ms,
                        void (*visit)(const struct uplink_entry *entry, void *arg), void *arg)
{
    const char *key = channel->names.uplink;
    char id[POSITION_TEXT_MAX];

    position_print(after, id);
    redisReply *reply = wait_ms > 0
                            ? redisCommand(channel->redis, "XREAD COUNT %d BLOCK %u STREAMS %s %s",
                                           UPLINK_READ_MAX, wait_ms, key, id)
                            : redisCommand(channel->redis, "XREAD COUNT %d STREAMS %s %s",
                                           UPLINK_READ_MAX, key, id);
    visit_entries(entries_of(reply), visit, arg);
    return control_channel_granted(channel, reply, "reading the uplink");
}

bool uplink_stream_fetch(struct control_channel *channel, const struct position *ids, size_t count,
                         void (*visit)(const struct uplink_entry *entry, void *arg), void *arg)
{
    char id[POSITION_TEXT_MAX];

    for (size_t i = 0; i < count; i++) {
        position_print(ids[i], id);
        redisAppendCommand(channel->redis, "XRANGE %s %s %s", channel->names.uplink, id, id);
    }
    for (size_t i = 0; i < count; i++) {
        void *reply = NULL;
        redisGetReply(channel->redis, &reply);
        visit_entries(reply, visit, arg);
        if (!control_channel_granted(channel, reply, "reading the uplink again"))
            return false;
    }
    return true;
}

bool uplink_stream_remove(struct control_channel *channel, const struct uplink_removal *entries,
                          size_t count)
{
    const char *args[5 + 2 * UPLINK_REMOVE_MAX] = {
        "EVAL", remove_script, "2", channel->names.uplink, channel->names.uplink_bytes};
    char ids[UPLINK_REMOVE_MAX][POSITION_TEXT_MAX], bytes[UPLINK_REMOVE_MAX][21];

    assert(count <= UPLINK_REMOVE_MAX);
    for (size_t i = 0; i < count; i++) {
        snprintf(bytes[i], sizeof(bytes[i]), "%zu", entries[i].bytes);
        position_print(entries[i].id, ids[i]);
        args[5 + 2 * i] = ids[i];
        args[6 + 2 * i] = bytes[i];
    }
    return control_channel_granted(
        channel, redisCommandArgv(channel->redis, (int)(5 + 2 * count), args, NULL),
        "removing from the uplink");
}

bool uplink_stream_measure(struct control_channel *channel, struct uplink_size *out)
{
    redisReply *reply = redisCommand(channel->redis, "EVAL %s 2 %s %s", measure_script,
                                     channel->names.uplink, channel->names.uplink_bytes);

    *out = (struct uplink_size){0};
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        out->entries = (uint64_t)reply->element[0]->integer;
        if (reply->element[1]->type == REDIS_REPLY_STRING)
            out->bytes = strtoull(reply->element[1]->str, NULL, 10);
    }
    return control_channel_granted(channel, reply, "measuring the uplink");
}
