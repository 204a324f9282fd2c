#include "common/redis/redis_sentinel.h"

#include <stdio.h>

// Keeps the reason why a command was refused. Takes ownership of the reply.
static const char *accept(redisContext *sentinel, redisReply *reply)
{
    static char reason[160];
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    if (!ok)
        snprintf(reason, sizeof(reason), "a Sentinel: %s", reply ? reply->str : sentinel->errstr);
    if (reply)
        freeReplyObject(reply);
    return ok ? NULL : reason;
}

static const char *log_in(redisContext *sentinel, const struct redis_settings *settings)
{
    const char *user = settings->sentinel_username, *password = settings->sentinel_password;

    if (!password)
        return NULL;
    return accept(sentinel, user ? redisCommand(sentinel, "AUTH %s %s", user, password)
                                 : redisCommand(sentinel, "AUTH %s", password));
}

static bool take_address(const redisReply *reply, struct host_address *out)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           redis_address_set(out, (struct span){reply->element[0]->str, reply->element[0]->len},
                             (struct span){reply->element[1]->str, reply->element[1]->len});
}

const char *redis_sentinel_ask(redisContext *sentinel, const struct redis_settings *settings,
                               struct host_address *primary)
{
    const char *refused = log_in(sentinel, settings);

    if (refused)
        return refused;
    redisReply *reply =
        redisCommand(sentinel, "SENTINEL get-master-addr-by-name %s", settings->master_name);
    bool known = take_address(reply, primary);
    refused = accept(sentinel, reply);
    if (refused || known)
        return refused;
    return REDIS_SENTINEL_UNKNOWN;
}
