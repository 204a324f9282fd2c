#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "compose/tools/tool.h"

static double seconds_of(struct timespec t)
{
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uint64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ns}, NULL);
}

static _Noreturn void give_up(pid_t pid)
{
    tool_fail("process %d of the gateway has ended; its log says why", (int)pid);
    exit(1);
}

double cpu_seconds(const pid_t *pids, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        clockid_t clock;
        struct timespec used;
        if (clock_getcpuclockid(pids[i], &clock) != 0 || clock_gettime(clock, &used) != 0)
            give_up(pids[i]);
        sum += seconds_of(used);
    }
    return sum;
}

uint64_t resident_bytes(const pid_t *pids, size_t count)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < count; i++) {
        char path[64];
        unsigned long long resident;
        snprintf(path, sizeof(path), "/proc/%d/statm", (int)pids[i]);
        FILE *file = fopen(path, "re");
        if (!file || fscanf(file, "%*u %llu", &resident) != 1)
            give_up(pids[i]);
        fclose(file);
        pages += resident;
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t peak_bytes(pid_t pid)
{
    char path[64], line[128];
    unsigned long long kilobytes = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        give_up(pid);
    while (fgets(line, sizeof(line), file) && sscanf(line, "VmHWM: %llu", &kilobytes) != 1)
        ;
    fclose(file);
    return kilobytes * 1024;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

uint32_t percentile(uint32_t *values, size_t count, double percent)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), by_value);
    size_t at = (size_t)((double)count * percent / 100);
    return values[at < count ? at : count - 1];
}
