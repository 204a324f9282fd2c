#include "edge/engineio/peer_log.h"

#include "common/hash.h"
#include "edge/engineio/ip_prefix.h"

#define ADDRESS_MS    60000
#define ADDRESS_BURST 10
#define ALL_MS        5000
#define ALL_BURST     50

// Each limit is one time, `free_at_ms`: a line moves it on by `each_ms`, beginning at the present.
// A line is allowed while that time is less than `burst` lines ahead of the present.
static bool has_some_left(uint64_t free_at_ms, uint64_t now_ms, uint64_t each_ms, uint64_t burst)
{
    return free_at_ms <= now_ms + (burst - 1) * each_ms;
}

static uint64_t take_one(uint64_t free_at_ms, uint64_t now_ms, uint64_t each_ms)
{
    return (free_at_ms > now_ms ? free_at_ms : now_ms) + each_ms;
}

// The place of this address, or else the one to reuse: its address has its lines back the soonest.
static size_t find_place(const struct peer_log *log, unsigned key)
{
    size_t oldest = 0;

    for (size_t i = 0; i < PEER_LOG_ADDRESSES; i++) {
        if (log->addresses[i].key == key)
            return i;
        if (log->addresses[i].free_at_ms < log->addresses[oldest].free_at_ms)
            oldest = i;
    }
    return oldest;
}

static unsigned key_of(struct span address)
{
    struct ip_prefix prefix = ip_prefix_of(address);
    struct span key = ip_prefix_key(&prefix);

    return hash_keyed(key.ptr, key.len);
}

bool peer_log_allows(struct peer_log *log, struct span address, uint64_t now_ms, uint64_t *left_out)
{
    unsigned key = key_of(address);
    size_t place = find_place(log, key);
    bool known = log->addresses[place].key == key;
    uint64_t free_at_ms = known ? log->addresses[place].free_at_ms : 0;

    if (!has_some_left(free_at_ms, now_ms, ADDRESS_MS, ADDRESS_BURST) ||
        !has_some_left(log->all_free_at_ms, now_ms, ALL_MS, ALL_BURST)) {
        log->left_out_since++;
        metric_add(log->left_out, 1);
        return false;
    }
    log->addresses[place].key = key;
    log->addresses[place].free_at_ms = take_one(free_at_ms, now_ms, ADDRESS_MS);
    log->all_free_at_ms = take_one(log->all_free_at_ms, now_ms, ALL_MS);
    *left_out = log->left_out_since;
    log->left_out_since = 0;
    return true;
}
