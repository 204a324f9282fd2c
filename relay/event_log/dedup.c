#include "relay/event_log/dedup.h"

#include "common/hash.h"
#include "common/mem.h"

struct known_id {
    UT_hash_handle hh;
    uint64_t hash; // of the id
    size_t times;
};

struct dedup {
    struct known_id *by_hash;
};

static struct known_id *find_id(const struct dedup *dedup, struct span id)
{
    uint64_t hash = hash_keyed_64(id.ptr, id.len);
    struct known_id *known;

    HASH_FIND(hh, dedup->by_hash, &hash, sizeof(hash), known);
    return known;
}

struct dedup *dedup_new(void)
{
    return mem_zalloc(sizeof(struct dedup));
}

void dedup_free(struct dedup *dedup)
{
    if (!dedup)
        return;
    dedup_clear(dedup);
    free(dedup);
}

static void remove_id(struct dedup *dedup, struct known_id *known)
{
    HASH_DEL(dedup->by_hash, known);
    free(known);
}

void dedup_clear(struct dedup *dedup)
{
    struct known_id *known, *next;

    HASH_ITER (hh, dedup->by_hash, known, next)
        remove_id(dedup, known);
}

void dedup_add(struct dedup *dedup, struct span id)
{
    struct known_id *known = find_id(dedup, id);

    if (!known) {
        known = mem_zalloc(sizeof(*known));
        known->hash = hash_keyed_64(id.ptr, id.len);
        HASH_ADD(hh, dedup->by_hash, hash, sizeof(known->hash), known);
    }
    known->times++;
}

size_t dedup_times(const struct dedup *dedup, struct span id)
{
    const struct known_id *known = find_id(dedup, id);

    return known ? known->times : 0;
}

bool dedup_take(struct dedup *dedup, struct span id)
{
    struct known_id *known = find_id(dedup, id);

    if (!known)
        return false;
    if (--known->times == 0)
        remove_id(dedup, known);
    return true;
}

size_t dedup_count(const struct dedup *dedup)
{
    return HASH_COUNT(dedup->by_hash);
}
