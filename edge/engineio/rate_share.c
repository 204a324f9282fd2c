#include "edge/engineio/rate_share.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct rate_share {
    uint64_t key;
    struct token_bucket packets;
    struct deadline full;
    UT_hash_handle hh;
};

static void forget(struct rate_shares *shares, struct rate_share *share)
{
    deadline_cancel(&share->full);
    HASH_DEL(shares->by_key, share);
    free(share);
}

static void on_full(struct deadline *deadline, void *arg)
{
    forget(arg, container_of(deadline, struct rate_share, full));
}

void rate_shares_init(struct rate_shares *shares, struct deadlines *clock,
                      uint32_t packets_per_second)
{
    struct rate_limits limits = rate_limits_of(packets_per_second, 0, 0);

    *shares = (struct rate_shares){.rate = limits.packets};
    deadline_queue_init(&shares->full_due, clock, RATE_BURST_SECONDS * 1000, on_full, shares);
}

void rate_shares_fini(struct rate_shares *shares)
{
    struct rate_share *share, *next;

    HASH_ITER (hh, shares->by_key, share, next)
        forget(shares, share);
    deadline_queue_fini(&shares->full_due);
}

uint64_t rate_key_of(struct span name)
{
    uint64_t hash = hash_keyed_64(name.ptr, name.len);

    return hash == RATE_KEY_NONE ? RATE_KEY_NONE + 1 : hash;
}

// The key is a keyed hash already, so it serves uthash as the hash value.
static struct rate_share *find_or_add(struct rate_shares *shares, uint64_t key)
{
    struct rate_share *share;

    HASH_FIND_BYHASHVALUE(hh, shares->by_key, &key, sizeof(key), (unsigned)key, share);
    if (share)
        return share;
    share = mem_zalloc(sizeof(*share));
    share->key = key;
    deadline_init(&share->full);
    HASH_ADD_BYHASHVALUE(hh, shares->by_key, key, sizeof(key), (unsigned)key, share);
    return share;
}

bool rate_share_take(struct rate_shares *shares, uint64_t key, uint64_t now_ms)
{
    if (key == RATE_KEY_NONE || shares->rate.per_second == 0)
        return true;
    struct rate_share *share = find_or_add(shares, key);

    // However empty the bucket is now, it is full again when this deadline falls due.
    deadline_arm(&share->full, &shares->full_due);
    return token_bucket_take(&share->packets, &shares->rate, 1, now_ms);
}
