#include "relay/linger.h"

#define WINDOW_MS  50
#define EVENTS_MIN 2 // expected within the delay; with fewer a batch is not delayed

void linger_record(struct linger *linger, uint64_t now_ms, size_t taken)
{
    uint64_t elapsed = now_ms - linger->window_start_ms;

    if (elapsed >= WINDOW_MS) {
        linger->per_second = linger->window_count * 1000 / elapsed;
        linger->window_start_ms = now_ms;
        linger->window_count = 0;
    }
    linger->window_count += taken;
}

uint32_t linger_wait_ms(const struct linger *linger)
{
    return linger->per_second * linger->max_ms >= EVENTS_MIN * 1000 ? linger->max_ms : 0;
}
