#include "tests/scale/machine.h"

#include <stdio.h>
#include <unistd.h>

// The first number in this file that stands behind these words, or 0.
static uint64_t number_in(const char *path, const char *format)
{
    FILE *file = fopen(path, "re");
    unsigned long long number = 0;
    char line[256];

    while (file && fgets(line, sizeof(line), file) && sscanf(line, format, &number) != 1)
        ;
    if (file)
        fclose(file);
    return number;
}

uint64_t machine_available_bytes(void)
{
    return number_in("/proc/meminfo", "MemAvailable: %llu") * 1024;
}

uint64_t machine_tcp_bytes(void)
{
    uint64_t pages =
        number_in("/proc/net/sockstat", "TCP: inuse %*u orphan %*u tw %*u alloc %*u mem %llu");

    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
