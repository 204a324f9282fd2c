#include "common/token_bucket.h"

#define PARTS 1000 // of a token: each millisecond brings a whole number of them

static void refill(struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - bucket->at_ms;

    bucket->at_ms = now_ms;
    // Division, because a product could overflow after a long silence.
    if (passed_ms > bucket->missing / rate->per_second)
        bucket->missing = 0;
    else
        bucket->missing -= passed_ms * rate->per_second;
}

bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate, uint64_t count,
                       uint64_t now_ms)
{
    if (rate->per_second == 0)
        return true;
    refill(bucket, rate, now_ms);

    uint64_t room = (uint64_t)rate->burst * PARTS - bucket->missing;
    if (count > room / PARTS)
        return false;
    bucket->missing += count * PARTS;
    return true;
}
