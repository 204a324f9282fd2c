#include "relay/linger.h"

#include "common/clock.h"

#define WINDOW_MS 200
#define BUSY      50 // percent: delay from here on …
#define AT_EASE   25 // … until below this; the delay itself saves work

static void measure(struct linger *linger, uint64_t now_ms)
{
    uint64_t elapsed_ms = now_ms - linger->window_start_ms;
    uint64_t cpu_us = clock_thread_cpu_us();

    linger->per_second = linger->window_count * 1000 / elapsed_ms;
    linger->busy = (uint32_t)((cpu_us - linger->window_cpu_us) / (elapsed_ms * 10));
    linger->lingers = linger->busy >= (linger->lingers ? AT_EASE : BUSY);
    linger->window_start_ms = now_ms;
    linger->window_cpu_us = cpu_us;
    linger->window_count = 0;
}

void linger_record(struct linger *linger, uint64_t now_ms, size_t taken)
{
    if (now_ms - linger->window_start_ms >= WINDOW_MS)
        measure(linger, now_ms);
    linger->window_count += taken;
}

uint32_t linger_wait_ms(const struct linger *linger)
{
    return linger->lingers ? linger->max_ms : 0;
}
