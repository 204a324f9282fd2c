#include "edge/engineio/rate_limit.h"

#define BURST_MESSAGES 2

#define REFUSAL      10   // tokens that an answered refusal costs
#define BYTES_A_PART 1638 // refused bytes that cost one token more

#define STRANGER_PACKETS 100         // per second
#define STRANGER_RATE    65536       // bytes per second
#define STRANGER_ROOM    (4 * 65536) // bytes at once: four of a stranger's largest messages

static uint32_t product(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX / b ? UINT32_MAX : a * b;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// 0 per second is no limit at all, so anything is less.
static struct token_rate lesser_rate(struct token_rate rate, struct token_rate most)
{
    if (rate.per_second == 0)
        return most;
    return (struct token_rate){lesser(rate.per_second, most.per_second),
                               lesser(rate.burst, most.burst)};
}

struct rate_limits rate_limits_of(uint32_t packets_per_second, uint32_t bytes_per_second,
                                  uint32_t max_message)
{
    uint32_t messages = product(max_message, BURST_MESSAGES);

    return (struct rate_limits){
        .packets = {packets_per_second, product(packets_per_second, RATE_BURST_SECONDS)},
        .bytes = {bytes_per_second, bytes_per_second > messages ? bytes_per_second : messages},
    };
}

struct rate_limits rate_limits_of_strangers(const struct rate_limits *limits)
{
    static const struct rate_limits most = {
        .packets = {STRANGER_PACKETS, STRANGER_PACKETS * RATE_BURST_SECONDS},
        .bytes = {STRANGER_RATE, STRANGER_ROOM},
    };

    return (struct rate_limits){
        .packets = lesser_rate(limits->packets, most.packets),
        .bytes = lesser_rate(limits->bytes, most.bytes),
    };
}

enum rate_verdict rate_refuse(struct rate_limiter *limiter, const struct rate_load *load,
                              uint64_t now_ms)
{
    static const struct token_rate refusals = {RATE_REFUSALS_PER_SECOND * REFUSAL,
                                               RATE_REFUSALS * REFUSAL};
    uint64_t parts = (load->wants_answer ? REFUSAL : 1) + load->bytes / BYTES_A_PART;

    return token_bucket_take(&limiter->refusals, &refusals, parts, now_ms) ? RATE_REFUSED
                                                                           : RATE_EXCEEDED;
}

enum rate_verdict rate_check(struct rate_limiter *limiter, const struct rate_limits *limits,
                             const struct rate_load *load, uint64_t now_ms)
{
    if (token_bucket_take(&limiter->bytes, &limits->bytes, load->bytes, now_ms) &&
        token_bucket_take(&limiter->packets, &limits->packets, load->packets, now_ms))
        return RATE_OK;
    return rate_refuse(limiter, load, now_ms);
}
