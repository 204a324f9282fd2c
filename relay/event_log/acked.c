#include "relay/event_log/acked.h"

#include "common/redis_error.h"
#include "relay/event_log/event_log_internal.h"
#include "relay/event_log/size_limit.h"

bool event_log_store_acked(struct event_log *log, struct position acked)
{
    char position[POSITION_TEXT_MAX];

    position_print(acked, position);
    redisReply *reply =
        EVENT_LOG_ASK(log, "HSET", log->names.acked, REDIS_ACKED_POSITION_FIELD, position);
    if (!reply)
        return false;
    bool refused = reply->type == REDIS_REPLY_ERROR;
    event_log_record_write(log, refused ? reply->str : NULL);
    if (refused && redis_error_is_out_of_memory(reply->str) && event_log_free_memory(log)) {
        freeReplyObject(reply);
        return false; // the next write shows whether trimming was enough
    }
    if (!refused && event_log_refusal(log) == EVENT_LOG_WRITABLE)
        outage_log_end(&log->outage);
    return event_log_accept_reply(log, reply);
}

bool event_log_read_acked(struct event_log *log, struct position *out)
{
    redisReply *hash = EVENT_LOG_ASK(log, "HGETALL", log->names.acked);

    *out = (struct position){0};
    if (hash && hash->type == REDIS_REPLY_ARRAY && hash->elements == 2 &&
        hash->element[1]->type == REDIS_REPLY_STRING &&
        !position_parse((struct span){hash->element[1]->str, hash->element[1]->len}, out))
        *out = (struct position){0}; // unreadable: as if there were none
    return event_log_accept_reply(log, hash);
}
