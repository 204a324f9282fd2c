#include "proto/event_name.h"

#include "proto/control_channel_internal.h"

// A name is "b <owner> <content>" while its event is at work, and "d <content>" afterwards.

// KEYS: the name. ARGV: content, owner, lease (ms). Answers an enum event_name_state.
static const char take_name_script[] =
    "local known, mine = redis.call('GET', KEYS[1]), 'b ' .. ARGV[2] .. ' ' .. ARGV[1]\n"
    "if not known or known == mine then\n"
    "  redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])\n"
    "  return 0\n"
    "end\n"
    "local done = string.sub(known, 1, 1) == 'd'\n"
    "if string.match(known, done and '^d (.*)$' or '^b %S+ (.*)$') ~= ARGV[1] then return 3 end\n"
    "return done and 1 or 2\n";

// KEYS: the name. ARGV: content, owner, lease (ms).
static const char keep_name_script[] = "local mine = 'b ' .. ARGV[2] .. ' ' .. ARGV[1]\n"
                                       "if redis.call('GET', KEYS[1]) == mine then\n"
                                       "  redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])\n"
                                       "end\n"
                                       "return 1\n";

// KEYS: the name. ARGV: content, owner, time that the event counts as published (s) or 0. What
// somebody else has taken since is not freed; that the event was published is true for all who
// have it.
static const char settle_name_script[] =
    "local known, mine = redis.call('GET', KEYS[1]), 'b ' .. ARGV[2] .. ' ' .. ARGV[1]\n"
    "if ARGV[3] == '0' then\n"
    "  if known == mine then redis.call('DEL', KEYS[1]) end\n"
    "elseif not known or\n"
    "    (string.match(known, '^b %S+ (.*)$') or string.match(known, '^d (.*)$')) == ARGV[1] then\n"
    "  redis.call('SET', KEYS[1], 'd ' .. ARGV[1], 'EX', ARGV[3])\n"
    "end\n"
    "return 1\n";

static redisReply *run_name_script(struct control_channel *channel, const char *script,
                                   const struct event_name *name, uint64_t time)
{
    return redisCommand(channel->redis, "EVAL %s 1 %s%b %b %b %llu", script, channel->names.event,
                        name->name.ptr, name->name.len, name->content.ptr, name->content.len,
                        name->owner.ptr, name->owner.len, (unsigned long long)time);
}

bool event_name_take(struct control_channel *channel, const struct event_name *name,
                     uint64_t lease_ms, enum event_name_state *state)
{
    redisReply *reply = run_name_script(channel, take_name_script, name, lease_ms);

    if (reply && reply->type == REDIS_REPLY_INTEGER)
        *state = (enum event_name_state)reply->integer;
    return control_channel_granted(channel, reply, "taking the name of an event");
}

bool event_name_keep(struct control_channel *channel, const struct event_name *name,
                     uint64_t lease_ms)
{
    return control_channel_granted(channel,
                                   run_name_script(channel, keep_name_script, name, lease_ms),
                                   "keeping the name of an event");
}

bool event_name_settle(struct control_channel *channel, const struct event_name *name,
                       uint64_t kept_s)
{
    return control_channel_granted(channel,
                                   run_name_script(channel, settle_name_script, name, kept_s),
                                   "settling the name of an event");
}
