#include "compose/tools/control_channel.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/time.h>

#include "common/mem.h"
#include "common/shard.h"
#include "compose/tools/tool.h"

#define ANSWER_S        5
#define EDGE_KEY_PREFIX "ws:edges:"

struct control_channel {
    redisContext *redis;
};

static bool lose(struct control_channel *channel, const char *doing)
{
    return tool_fail("%s: %s", doing, channel->redis->errstr);
}

// Takes the reply; false when it is none or an error.
static bool granted(struct control_channel *channel, redisReply *reply, const char *doing)
{
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    if (!reply)
        lose(channel, doing);
    else if (!ok)
        tool_fail("%s: Redis says: %s", doing, reply->str);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

static bool greet(struct control_channel *channel, const struct control_target *target)
{
    redisContext *redis = channel->redis;

    if (target->password &&
        !granted(channel, redisCommand(redis, "AUTH %s", target->password), "login"))
        return tool_fail("check REDIS_PASSWORD");
    return granted(channel, redisCommand(redis, "SELECT %d", target->db), "choosing the database");
}

struct control_channel *control_channel_open(const struct control_target *target)
{
    struct control_channel *channel = mem_zalloc(sizeof(*channel));
    const struct timeval limit = {.tv_sec = ANSWER_S};

    channel->redis = redisConnectWithTimeout(target->host, target->port, limit);
    if (!channel->redis) {
        tool_fail("out of memory");
    } else if (channel->redis->err) {
        tool_fail("Redis at %s:%d cannot be reached (%s); check REDIS_HOST and REDIS_PORT",
                  target->host, target->port, channel->redis->errstr);
    } else {
        redisSetTimeout(channel->redis, limit);
        if (greet(channel, target))
            return channel;
    }
    control_channel_close(channel);
    return NULL;
}

void control_channel_close(struct control_channel *channel)
{
    if (!channel)
        return;
    if (channel->redis)
        redisFree(channel->redis);
    free(channel);
}

static uint64_t field_of(const redisReply *hash, const char *name)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (hash->element[i]->type == REDIS_REPLY_STRING &&
            hash->element[i + 1]->type == REDIS_REPLY_STRING &&
            strcmp(hash->element[i]->str, name) == 0)
            return strtoull(hash->element[i + 1]->str, NULL, 10);
    return 0;
}

static bool visit_edge(struct control_channel *channel, const redisReply *key,
                       void (*visit)(const struct edge_notice *edge, void *arg), void *arg)
{
    redisReply *hash = redisCommand(channel->redis, "HGETALL %b", key->str, key->len);

    if (hash && hash->type == REDIS_REPLY_ARRAY && hash->elements > 0) // else: gone meanwhile
        visit(
            &(struct edge_notice){
                .id = span_skip((struct span){key->str, key->len}, sizeof(EDGE_KEY_PREFIX) - 1),
                .sockets = field_of(hash, "sockets"),
                .rooms = field_of(hash, "rooms"),
                .at_ms = field_of(hash, "at_ms"),
            },
            arg);
    return granted(channel, hash, "reading an edge");
}

// One page of keys: the next cursor and a list.
static bool is_page(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[1]->type == REDIS_REPLY_ARRAY;
}

bool control_channel_each_edge(struct control_channel *channel,
                               void (*visit)(const struct edge_notice *edge, void *arg), void *arg)
{
    char cursor[24] = "0";
    bool ok;

    do {
        redisReply *page =
            redisCommand(channel->redis, "SCAN %s MATCH " EDGE_KEY_PREFIX "* COUNT 1000", cursor);
        ok = is_page(page);
        for (size_t i = 0; ok && i < page->element[1]->elements; i++)
            ok = visit_edge(channel, page->element[1]->element[i], visit, arg);
        if (ok)
            snprintf(cursor, sizeof(cursor), "%s", page->element[0]->str);
        ok = granted(channel, page, "looking for edges") && ok;
    } while (ok && strcmp(cursor, "0") != 0);
    return ok;
}

bool control_channel_say(struct control_channel *channel, struct span message, uint64_t *heard)
{
    redisReply *reply =
        redisCommand(channel->redis, "PUBLISH " CONTROL_CHANNEL " %b", message.ptr, message.len);

    if (reply && reply->type == REDIS_REPLY_INTEGER)
        *heard = (uint64_t)reply->integer;
    return granted(channel, reply, "publishing");
}
