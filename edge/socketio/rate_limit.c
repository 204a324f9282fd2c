#include "edge/socketio/rate_limit.h"

#define BURST_SECONDS  10
#define BURST_MESSAGES 2

static uint32_t product(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX / b ? UINT32_MAX : a * b;
}

struct rate_limits rate_limits_of(uint32_t packets_per_second, uint32_t bytes_per_second,
                                  uint32_t max_message)
{
    uint32_t messages = product(max_message, BURST_MESSAGES);

    return (struct rate_limits){
        .packets = {packets_per_second, product(packets_per_second, BURST_SECONDS)},
        .bytes = {bytes_per_second, bytes_per_second > messages ? bytes_per_second : messages},
    };
}

enum rate_verdict rate_judge(struct rate_limiter *limiter, const struct rate_limits *limits,
                             uint32_t packets, size_t bytes, uint64_t now_ms)
{
    static const struct token_rate patience = {RATE_REFUSALS_PER_SECOND, RATE_REFUSALS};

    if (token_bucket_take(&limiter->bytes, &limits->bytes, bytes, now_ms) &&
        token_bucket_take(&limiter->packets, &limits->packets, packets, now_ms))
        return RATE_OK;
    return token_bucket_take(&limiter->refusals, &patience, 1, now_ms) ? RATE_REFUSED
                                                                       : RATE_GIVEN_UP;
}
