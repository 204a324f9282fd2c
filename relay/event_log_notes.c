// What a relay says each second, and what it notes beside the log.
#include "common/redis_error.h"
#include "relay/event_log_internals.h"

#define ACKED_KEY   "ws:acked"
#define ACKED_FIELD "position"

bool event_log_publish_control(struct event_log *log, struct span message)
{
    const char *argv[] = {"PUBLISH", CONTROL_CHANNEL, message.ptr};
    const size_t lens[] = {7, sizeof(CONTROL_CHANNEL) - 1, message.len};

    return event_log_accept_reply(log, event_log_ask(log, 3, argv, lens));
}

bool event_log_note_acked(struct event_log *log, struct position acked)
{
    char position[POSITION_TEXT_MAX];

    position_print(acked, position);
    redisReply *reply = EVENT_LOG_ASK(log, "HSET", ACKED_KEY, ACKED_FIELD, position);
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
    redisReply *hash = EVENT_LOG_ASK(log, "HGETALL", ACKED_KEY);

    *out = (struct position){0};
    if (hash && hash->type == REDIS_REPLY_ARRAY && hash->elements == 2 &&
        hash->element[1]->type == REDIS_REPLY_STRING &&
        !position_parse((struct span){hash->element[1]->str, hash->element[1]->len}, out))
        *out = (struct position){0}; // as if nothing were known
    return event_log_accept_reply(log, hash);
}
