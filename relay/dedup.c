#include "relay/dedup.h"

#include "common/hash.h"
#include "common/mem.h"

struct known_id {
    UT_hash_handle hh;
    unsigned times;
    size_t len;
    char id[];
};

struct dedup {
    struct known_id *by_id;
};

static struct known_id *find_id(struct dedup *dedup, struct span id)
{
    struct known_id *known;

    HASH_FIND(hh, dedup->by_id, id.ptr, id.len, known);
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

void dedup_clear(struct dedup *dedup)
{
    struct known_id *known, *next;

    HASH_ITER (hh, dedup->by_id, known, next) {
        HASH_DEL(dedup->by_id, known);
        free(known);
    }
}

void dedup_add(struct dedup *dedup, struct span id)
{
    struct known_id *known = find_id(dedup, id);

    if (known) {
        known->times++;
        return;
    }
    known = mem_zalloc(sizeof(*known) + id.len);
    known->times = 1;
    known->len = id.len;
    if (id.len > 0)
        memcpy(known->id, id.ptr, id.len);
    HASH_ADD_KEYPTR(hh, dedup->by_id, known->id, known->len, known);
}

bool dedup_take(struct dedup *dedup, struct span id)
{
    struct known_id *known = find_id(dedup, id);

    if (!known)
        return false;
    if (--known->times == 0) {
        HASH_DEL(dedup->by_id, known);
        free(known);
    }
    return true;
}

size_t dedup_count(const struct dedup *dedup)
{
    return HASH_COUNT(dedup->by_id);
}
