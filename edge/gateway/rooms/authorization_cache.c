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

// uthash keeps entries in the order in which they were added, so the head of the table is the
// oldest.
struct authorization_cache {
    struct answer *oldest;
    size_t max;
    uint64_t keep_ms;
};

static void forget(struct authorization_cache *cache, struct answer *answer)
{
    HASH_DEL(cache->oldest, answer);
    free(answer);
}

static void forget_expired(struct authorization_cache *cache, uint64_t now_ms)
{
    while (cache->oldest && cache->oldest->until_ms <= now_ms)
        forget(cache, cache->oldest);
}

static struct answer *find(const struct authorization_cache *cache, struct span key)
{
    struct answer *answer;

    HASH_FIND(hh, cache->oldest, key.ptr, key.len, answer);
    return answer;
}

struct authorization_cache *authorization_cache_new(size_t max, uint64_t keep_ms)
{
    struct authorization_cache *cache = mem_zalloc(sizeof(*cache));

    cache->max = max;
    cache->keep_ms = keep_ms;
    return cache;
}

void authorization_cache_clear(struct authorization_cache *cache)
{
    while (cache->oldest)
        forget(cache, cache->oldest);
}

void authorization_cache_free(struct authorization_cache *cache)
{
    if (!cache)
        return;
    authorization_cache_clear(cache);
    free(cache);
}

void authorization_cache_drop(struct authorization_cache *cache, struct span key)
{
    struct answer *answer = find(cache, key);

    if (answer)
        forget(cache, answer);
}

void authorization_cache_put(struct authorization_cache *cache, struct span key, bool yes,
                             uint64_t now_ms)
{
    authorization_cache_drop(cache, key);
    forget_expired(cache, now_ms);
    if (cache->max == 0 || cache->keep_ms == 0)
        return;
    if (authorization_cache_count(cache) >= cache->max)
        forget(cache, cache->oldest);

    struct answer *answer = mem_zalloc(sizeof(*answer) + key.len);
    answer->yes = yes;
    answer->until_ms = now_ms + cache->keep_ms;
    memcpy(answer->key, key.ptr, key.len);
    HASH_ADD_KEYPTR(hh, cache->oldest, answer->key, key.len, answer);
}

enum cached_answer authorization_cache_find(struct authorization_cache *cache, struct span key,
                                            uint64_t now_ms)
{
    forget_expired(cache, now_ms);

    const struct answer *answer = find(cache, key);
    if (!answer)
        return CACHED_NOTHING;
    return answer->yes ? CACHED_YES : CACHED_NO;
}

size_t authorization_cache_count(const struct authorization_cache *cache)
{
    return HASH_COUNT(cache->oldest);
}
