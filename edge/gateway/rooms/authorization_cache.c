#include "edge/gateway/rooms/authorization_cache.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct answer {
    UT_hash_handle hh;
    uint64_t until_ms;
    bool yes;
    char key[];
};

// uthash keeps its entries in the order of adding: the table's head is the oldest.
struct room_answers {
    struct answer *oldest;
    size_t max;
    uint64_t keep_ms;
};

static void forget(struct room_answers *answers, struct answer *answer)
{
    HASH_DEL(answers->oldest, answer);
    free(answer);
}

static void forget_expired(struct room_answers *answers, uint64_t now_ms)
{
    while (answers->oldest && answers->oldest->until_ms <= now_ms)
        forget(answers, answers->oldest);
}

static struct answer *find(const struct room_answers *answers, struct span key)
{
    struct answer *answer;

    HASH_FIND(hh, answers->oldest, key.ptr, key.len, answer);
    return answer;
}

struct room_answers *room_answers_new(size_t max, uint64_t keep_ms)
{
    struct room_answers *answers = mem_zalloc(sizeof(*answers));

    answers->max = max;
    answers->keep_ms = keep_ms;
    return answers;
}

void room_answers_free(struct room_answers *answers)
{
    if (!answers)
        return;
    while (answers->oldest)
        forget(answers, answers->oldest);
    free(answers);
}

void room_answers_put(struct room_answers *answers, struct span key, bool yes, uint64_t now_ms)
{
    struct answer *old = find(answers, key);

    if (old)
        forget(answers, old);
    forget_expired(answers, now_ms);
    if (answers->max == 0 || answers->keep_ms == 0)
        return;
    if (room_answers_count(answers) >= answers->max)
        forget(answers, answers->oldest);

    struct answer *answer = mem_zalloc(sizeof(*answer) + key.len);
    answer->yes = yes;
    answer->until_ms = now_ms + answers->keep_ms;
    memcpy(answer->key, key.ptr, key.len);
    HASH_ADD_KEYPTR(hh, answers->oldest, answer->key, key.len, answer);
}

enum room_memory room_answers_find(struct room_answers *answers, struct span key, uint64_t now_ms)
{
    forget_expired(answers, now_ms);

    const struct answer *answer = find(answers, key);
    if (!answer)
        return ROOM_NOT_KNOWN;
    return answer->yes ? ROOM_KNOWN_YES : ROOM_KNOWN_NO;
}

size_t room_answers_count(const struct room_answers *answers)
{
    return HASH_COUNT(answers->oldest);
}
