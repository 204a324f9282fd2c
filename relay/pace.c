#include "relay/pace.h"

#define WINDOW_MS   50
#define COMPANY_MIN 2 // events that must be expected within the wait

void pace_note(struct pace *pace, uint64_t now_ms, size_t taken)
{
    uint64_t elapsed = now_ms - pace->window_start_ms;

    if (elapsed >= WINDOW_MS) {
        pace->per_second = pace->window_count * 1000 / elapsed;
        pace->window_start_ms = now_ms;
        pace->window_count = 0;
    }
    pace->window_count += taken;
}

uint32_t pace_linger_ms(const struct pace *pace)
{
    return pace->per_second * pace->linger_ms >= COMPANY_MIN * 1000 ? pace->linger_ms : 0;
}
