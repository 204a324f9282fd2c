#include "relay/event_log/heartbeat.h"

#include "proto/redis_keys.h"
#include "relay/event_log/event_log_internal.h"

#define SPEAKER_SECONDS "3" // edges miss a heartbeat after this time

// KEYS[1]: the hash with the speaker. ARGV: channel, heartbeat, id of this relay, "over" or "",
// seconds until the speaker is forgotten. pcall: a Redis that refuses writes still publishes the
// heartbeat.
static const char heartbeat_script[] =
    "local speaker = redis.pcall('HGETALL', KEYS[1])[2]\n"
    "if ARGV[4] ~= 'over' and speaker and speaker ~= ARGV[3] then return 0 end\n"
    "redis.call('PUBLISH', ARGV[1], ARGV[2])\n"
    "redis.pcall('HSET', KEYS[1], '" REDIS_SPEAKER_ID_FIELD "', ARGV[3])\n"
    "redis.pcall('EXPIRE', KEYS[1], ARGV[5])\n"
    "return 1\n";

enum event_log_heartbeat event_log_publish_heartbeat(struct event_log *log, struct span message,
                                                     const char *speaker, bool over_others)
{
    const char *mode = over_others ? "over" : "";
    const char *argv[] = {
        "EVAL",      heartbeat_script, "1",  log->names.speaker, log->names.control,
        message.ptr, speaker,          mode, SPEAKER_SECONDS};
    const size_t lens[] = {4,
                           sizeof(heartbeat_script) - 1,
                           1,
                           strlen(log->names.speaker),
                           strlen(log->names.control),
                           message.len,
                           strlen(speaker),
                           strlen(mode),
                           sizeof(SPEAKER_SECONDS) - 1};
    redisReply *reply = event_log_ask(log, ARRAY_LEN(argv), argv, lens);
    bool left = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0;

    if (!event_log_accept_reply(log, reply))
        return EVENT_LOG_HEARTBEAT_FAILED;
    return left ? EVENT_LOG_HEARTBEAT_LEFT : EVENT_LOG_HEARTBEAT_PUBLISHED;
}
