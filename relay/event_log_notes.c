// What a relay says each second, and what it notes beside the log.
#include "common/redis_error.h"
#include "relay/event_log_internals.h"

#define SPEAKER_SECONDS "3" // after which edges miss a heartbeat

// Who speaks is noted where Redis takes notes; what is said goes out in any case.
static const char speak_script[] =
    "local speaker = redis.pcall('HGETALL', KEYS[1])[2]\n"
    "if ARGV[4] ~= 'over' and speaker and speaker ~= ARGV[3] then return 0 end\n"
    "redis.call('PUBLISH', ARGV[1], ARGV[2])\n"
    "redis.pcall('HSET', KEYS[1], '" REDIS_SPEAKER_ID_FIELD "', ARGV[3])\n"
    "redis.pcall('EXPIRE', KEYS[1], ARGV[5])\n"
    "return 1\n";

enum event_log_speech event_log_speak(struct event_log *log, struct span message,
                                      const char *speaker, bool over_others)
{
    const char *manner = over_others ? "over" : "";
    const char *argv[] = {
        "EVAL",      speak_script, "1",    REDIS_SPEAKER_KEY, REDIS_CONTROL_CHANNEL,
        message.ptr, speaker,      manner, SPEAKER_SECONDS};
    const size_t lens[] = {4,
                           sizeof(speak_script) - 1,
                           1,
                           sizeof(REDIS_SPEAKER_KEY) - 1,
                           sizeof(REDIS_CONTROL_CHANNEL) - 1,
                           message.len,
                           strlen(speaker),
                           strlen(manner),
                           sizeof(SPEAKER_SECONDS) - 1};
    redisReply *reply = event_log_ask(log, ARRAY_LEN(argv), argv, lens);
    bool silent = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0;

    if (!event_log_accept_reply(log, reply))
        return EVENT_LOG_UNHEARD;
    return silent ? EVENT_LOG_SILENT : EVENT_LOG_HEARD;
}

bool event_log_note_acked(struct event_log *log, struct position acked)
{
    char position[POSITION_TEXT_MAX];

    position_print(acked, position);
    redisReply *reply =
        EVENT_LOG_ASK(log, "HSET", REDIS_ACKED_KEY, REDIS_ACKED_POSITION_FIELD, position);
    if (!reply)
        return false;
    bool refused = reply->type == REDIS_REPLY_ERROR;
    event_log_note_write(log, refused ? reply->str : NULL);
    if (refused && redis_error_is_out_of_memory(reply->str) && event_log_make_room(log)) {
        freeReplyObject(reply);
        return false; // the next note shows whether it was enough
    }
    if (!refused)
        outage_end(&log->outage);
    return event_log_accept_reply(log, reply);
}

bool event_log_read_acked(struct event_log *log, struct position *out)
{
    redisReply *hash = EVENT_LOG_ASK(log, "HGETALL", REDIS_ACKED_KEY);

    *out = (struct position){0};
    if (hash && hash->type == REDIS_REPLY_ARRAY && hash->elements == 2 &&
        hash->element[1]->type == REDIS_REPLY_STRING &&
        !position_parse((struct span){hash->element[1]->str, hash->element[1]->len}, out))
        *out = (struct position){0}; // as if nothing were known
    return event_log_accept_reply(log, hash);
}
