#include "common/clock.h"

#include <string.h>
#include <time.h>

#include "common/decimal.h"

static uint64_t read_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t read_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_thread_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

void clock_sleep_ms(uint64_t ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

#define DAY_S      86400
#define ERA_DAYS   146097 // of 400 years, after which the calendar repeats
#define EPOCH_DAYS 719468 // from the first of March of the year 0 to 1970

struct date {
    uint64_t year;
    unsigned month, day;
};

// Counts years from the first of March on, so that a leap day is the last of its year. gmtime() and
// strftime() take a lock and some thousand instructions, for each event that has no time.
static struct date date_of(uint64_t days)
{
    uint64_t era, of_era, year, of_year, month;

    days += EPOCH_DAYS;
    era = days / ERA_DAYS;
    of_era = days % ERA_DAYS;
    year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
    of_year = of_era - (365 * year + year / 4 - year / 100);
    month = (5 * of_year + 2) / 153; // five months have 153 days
    return (struct date){
        .year = era * 400 + year + (month >= 10),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
    };
}

void clock_iso8601(uint64_t wall_ms, char out[ISO8601_LEN + 1])
{
    uint64_t seconds = wall_ms / 1000;
    struct date date = date_of(seconds / DAY_S);

    memcpy(out, "yyyy-mm-ddThh:mm:ss.000Z", ISO8601_LEN + 1);
    decimal_print_wide(date.year, out, 4);
    decimal_print_wide(date.month, out + 5, 2);
    decimal_print_wide(date.day, out + 8, 2);
    decimal_print_wide(seconds % DAY_S / 3600, out + 11, 2);
    decimal_print_wide(seconds % 3600 / 60, out + 14, 2);
    decimal_print_wide(seconds % 60, out + 17, 2);
    decimal_print_wide(wall_ms % 1000, out + 20, 3);
}
