#include "edge/engineio/rate_share.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct rate_share {
    UT_hash_handle hh;
    size_t sessions;
    struct token_bucket packets;
    struct deadline idle;
    char key[];
};

static void forget(struct rate_shares *shares, struct rate_share *share)
{
    deadline_cancel(&share->idle);
    HASH_DEL(shares->by_key, share);
    free(share);
}

static void on_idle(struct deadline *deadline, void *arg)
{
    forget(arg, container_of(deadline, struct rate_share, idle));
}

void rate_shares_init(struct rate_shares *shares, struct deadlines *clock,
                      uint32_t packets_per_second)
{
    struct rate_limits limits = rate_limits_of(packets_per_second, 0, 0);

    *shares = (struct rate_shares){.rate = limits.packets};
    deadline_queue_init(&shares->idle_due, clock, RATE_BURST_SECONDS * 1000, on_idle, shares);
}

void rate_shares_fini(struct rate_shares *shares)
{
    struct rate_share *share, *next;

    HASH_ITER (hh, shares->by_key, share, next) {
        assert(share->sessions == 0);
        forget(shares, share);
    }
    deadline_queue_fini(&shares->idle_due);
}

struct rate_share *rate_share_join(struct rate_shares *shares, struct span key)
{
    struct rate_share *share;

    HASH_FIND(hh, shares->by_key, key.ptr, key.len, share);
    if (!share) {
        share = mem_zalloc(sizeof(*share) + key.len);
        deadline_init(&share->idle);
        memcpy(share->key, key.ptr, key.len);
        HASH_ADD_KEYPTR(hh, shares->by_key, share->key, key.len, share);
    }
    deadline_cancel(&share->idle);
    share->sessions++;
    return share;
}

void rate_share_leave(struct rate_shares *shares, struct rate_share *share)
{
    if (--share->sessions == 0)
        deadline_arm(&share->idle, &shares->idle_due);
}

bool rate_share_take(struct rate_shares *shares, struct rate_share *share, uint64_t now_ms)
{
    return token_bucket_take(&share->packets, &shares->rate, 1, now_ms);
}
