#include "edge/gateway/clients/revocations.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/mem.h"
#include "proto/redis_keys.h"

struct revocation {
    UT_hash_handle hh;
    uint64_t at_ms, until_ms;
    bool stored; // found in the store
    size_t user_len;
    char user[];
};

struct revocations {
    struct revocation *by_user;
    metric *count, *left_out;
};

static struct revocation *find(const struct revocations *revocations, struct span user)
{
    struct revocation *entry;

    HASH_FIND(hh, revocations->by_user, user.ptr, user.len, entry);
    return entry;
}

static void forget(struct revocations *revocations, struct revocation *entry)
{
    HASH_DEL(revocations->by_user, entry);
    free(entry);
}

static void forget_those_over(struct revocations *revocations, uint64_t now_ms)
{
    struct revocation *entry, *next;

    HASH_ITER (hh, revocations->by_user, entry, next)
        if (entry->until_ms <= now_ms)
            forget(revocations, entry);
}

// Looks for entries that are over only when the table is full.
static bool has_room(struct revocations *revocations, uint64_t now_ms)
{
    if (HASH_COUNT(revocations->by_user) >= REDIS_REVOKED_MAX)
        forget_those_over(revocations, now_ms);
    return HASH_COUNT(revocations->by_user) < REDIS_REVOKED_MAX;
}

static struct revocation *insert(struct revocations *revocations, struct span user)
{
    struct revocation *entry = mem_zalloc(sizeof(*entry) + user.len);

    entry->user_len = user.len;
    memcpy(entry->user, user.ptr, user.len);
    HASH_ADD_KEYPTR(hh, revocations->by_user, entry->user, user.len, entry);
    return entry;
}

struct revocations *revocations_new(metric *count, metric *left_out)
{
    struct revocations *revocations = mem_zalloc(sizeof(*revocations));

    revocations->count = count;
    revocations->left_out = left_out;
    return revocations;
}

void revocations_free(struct revocations *revocations)
{
    struct revocation *entry, *next;

    if (!revocations)
        return;
    HASH_ITER (hh, revocations->by_user, entry, next)
        forget(revocations, entry);
    free(revocations);
}

bool revocations_add(struct revocations *revocations, struct span user, uint64_t at_ms,
                     uint64_t until_ms, uint64_t now_ms)
{
    struct revocation *entry;

    if (user.len == 0 || until_ms <= now_ms)
        return false;
    entry = find(revocations, user);
    if (entry && entry->at_ms >= at_ms && entry->until_ms >= until_ms)
        return false;
    if (!entry && !has_room(revocations, now_ms)) {
        metric_add(revocations->left_out, 1);
        return false;
    }
    if (!entry)
        entry = insert(revocations, user);
    if (entry->at_ms < at_ms)
        entry->at_ms = at_ms;
    if (entry->until_ms < until_ms)
        entry->until_ms = until_ms;
    metric_set(revocations->count, HASH_COUNT(revocations->by_user));
    return true;
}

// Tokens say in whole seconds when they were issued. One of the very second of the revocation may
// be from before it, so it is refused: its bearer can have a new one a second later.
bool revocations_cover(const struct revocations *revocations, struct span user,
                       struct token_life life, uint64_t now_ms)
{
    const struct revocation *entry;

    if (!revocations->by_user)
        return false;
    entry = find(revocations, user);
    return entry && entry->until_ms > now_ms &&
           life.issued_at_s < (int64_t)((entry->at_ms + 999) / 1000);
}

void revocations_note_stored(struct revocations *revocations, struct span user, uint64_t at_ms,
                             uint64_t until_ms)
{
    struct revocation *entry = find(revocations, user);

    if (entry && entry->at_ms <= at_ms && entry->until_ms <= until_ms)
        entry->stored = true;
}

static uint64_t last_end(const struct revocations *revocations)
{
    const struct revocation *entry, *next;
    uint64_t last_ms = 0;

    HASH_ITER (hh, revocations->by_user, entry, next)
        if (entry->until_ms > last_ms)
            last_ms = entry->until_ms;
    return last_ms;
}

void revocations_each_unstored(struct revocations *revocations, uint64_t now_ms,
                               void (*visit)(struct span user, uint64_t at_ms, uint64_t until_ms,
                                             uint64_t last_ms, void *arg),
                               void *arg)
{
    struct revocation *entry, *next;
    uint64_t last_ms = last_end(revocations);

    HASH_ITER (hh, revocations->by_user, entry, next) {
        if (!entry->stored && entry->until_ms > now_ms)
            visit((struct span){entry->user, entry->user_len}, entry->at_ms, entry->until_ms,
                  last_ms, arg);
        entry->stored = false;
    }
}
