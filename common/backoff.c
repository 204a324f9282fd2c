#include "common/backoff.h"

#include "common/random.h"

#define FIRST_MS 50u
#define LAST_MS  5000u

uint32_t backoff_next_ms(struct backoff *backoff)
{
    uint32_t step = LAST_MS;

    if (backoff->attempts < 7 && FIRST_MS << backoff->attempts < LAST_MS)
        step = FIRST_MS << backoff->attempts;
    backoff->attempts++;
    return step / 2 + random_below(step / 2 + 1);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}
