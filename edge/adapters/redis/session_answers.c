#include "edge/adapters/redis/session_answers.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/adapters/redis/session_hash.h"

static enum session_result read_result(const struct redis_value *value)
{
    struct span text = redis_value_text(value);

    if (span_is(text, "0"))
        return SESSION_OK;
    return span_is(text, "1") ? SESSION_GONE : SESSION_TAKEN;
}

// Why the answer holds no session.
static enum session_claim read_refusal(const struct redis_value *value)
{
    struct span text = {0};
    uint64_t why = CLAIM_UNKNOWN;

    if (redis_value_count(value) == 1)
        text = redis_value_text(redis_value_item(value, 0));
    bool known = span_take_uint(&text, CLAIM_AWAY, &why) && why != CLAIM_OK;
    return known ? (enum session_claim)why : CLAIM_UNKNOWN;
}

static unsigned shard_count(const struct redis_value *value)
{
    size_t count = redis_value_count(value);

    if (count <= 3)
        return 1;
    return count - 2 < CUT_SHARDS_MAX ? (unsigned)(count - 2) : CUT_SHARDS_MAX;
}

// Behind the fields, the answer has for each shard the last position that is lost.
static void read_lost(const struct redis_value *value, struct session_record *record)
{
    for (size_t i = 2; i < redis_value_count(value) && i - 2 < ARRAY_LEN(record->lost); i++)
        if (!position_parse(redis_value_text(redis_value_item(value, i)), &record->lost[i - 2]))
            record->lost[i - 2] = (struct position){0, 0};
}

static void tell_claim(struct session_claiming *claiming, const struct redis_value *value)
{
    struct session_record record = {0};

    if (redis_value_count(value) < 2) {
        claiming->on_claimed(claiming, read_refusal(value), NULL);
        return;
    }
    const struct redis_value *fields = redis_value_item(value, 1);
    size_t count = redis_value_count(fields);
    struct session_room *rooms = mem_alloc((count + 1) * sizeof(rooms[0]));
    struct session_taken *taken = mem_alloc((count + 1) * sizeof(taken[0]));
    session_hash_read(fields, rooms, taken, shard_count(value), &record);
    read_lost(value, &record);
    claiming->on_claimed(claiming, CLAIM_OK, &record);
    free(rooms);
    free(taken);
}

void session_answer_tell(struct session_request *request, enum session_script script,
                         const struct redis_value *value)
{
    struct session_claiming *claiming;

    if (script != SCRIPT_CLAIM) {
        request->on_done(request, value ? read_result(value) : SESSION_AWAY);
        return;
    }
    claiming = container_of(request, struct session_claiming, request);
    if (value)
        tell_claim(claiming, value);
    else
        claiming->on_claimed(claiming, CLAIM_AWAY, NULL);
}
