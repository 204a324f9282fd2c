// Clocks, and how a time is written.
#pragma once

#include <stdint.h>

#define ISO8601_LEN 24 // 2024-11-17T10:00:00.000Z

// Monotonic clock, for intervals.
uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);

// How long the calling thread has been at work.
uint64_t clock_thread_cpu_us(void);

// Wall clock: milliseconds since 1970 UTC, for people and other machines.
uint64_t clock_wall_ms(void);

// Sleeps for `ms`, or until a signal comes.
void clock_sleep_ms(uint64_t ms);

// Writes ISO8601_LEN characters and a NUL: UTC with milliseconds, as JavaScript writes dates.
void clock_iso8601(uint64_t wall_ms, char out[ISO8601_LEN + 1]);
