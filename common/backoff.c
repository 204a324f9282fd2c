#include "common/backoff.h"

#include "common/random.h"

#define FIRST_MS 50u
#define NEAR_MS  1000u
#define FAR_MS   5000u

uint32_t backoff_next_ms(struct backoff *backoff, bool answers)
{
    uint32_t last = answers ? NEAR_MS : FAR_MS, step = last;

    if (backoff->attempts < 7 && FIRST_MS << backoff->attempts < last)
        step = FIRST_MS << backoff->attempts;
    backoff->attempts++;
    return step / 2 + random_below(step / 2 + 1);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}
