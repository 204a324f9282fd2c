#include "common/process_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void print_head(const char *name, const char *type, const char *help, struct buffer *out)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_gauge(const char *name, const char *help, uint64_t value, struct buffer *out)
{
    print_head(name, "gauge", help, out);
    buffer_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void print_seconds(const char *name, const char *type, const char *help, double seconds,
                          struct buffer *out)
{
    print_head(name, type, help, out);
    buffer_printf(out, "%s %.15g\n", name, seconds);
}

static void print_cpu(struct buffer *out)
{
    struct timespec used;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return;
    print_seconds("process_cpu_seconds_total", "counter",
                  "CPU time that the process has used, in user and system mode",
                  (double)used.tv_sec + (double)used.tv_nsec / 1e9, out);
}

static void print_memory(struct buffer *out)
{
    FILE *file = fopen("/proc/self/statm", "re");
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), virtual_pages, resident_pages;

    if (!file)
        return;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &virtual_pages, &resident_pages) == 2) {
        print_gauge("process_virtual_memory_bytes", "Address space of the process",
                    virtual_pages * page, out);
        print_gauge("process_resident_memory_bytes", "Memory of the process that is in RAM",
                    resident_pages * page, out);
    }
    fclose(file);
}

// Does not count ".", ".." and the descriptor that reads the folder.
static void print_open_files(struct buffer *out)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t entries = 0;

    if (!folder)
        return;
    while (readdir(folder))
        entries++;
    closedir(folder);
    print_gauge("process_open_fds", "Open file descriptors", entries - 3, out);
}

static void print_file_limit(struct buffer *out)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        print_gauge("process_max_fds", "Largest number of open file descriptors", limit.rlim_cur,
                    out);
}

void process_metrics_print(uint64_t started_ms, struct buffer *out)
{
    print_cpu(out);
    print_memory(out);
    print_open_files(out);
    print_file_limit(out);
    print_seconds("process_start_time_seconds", "gauge",
                  "When the process started, in seconds since 1970 UTC", (double)started_ms / 1000,
                  out);
}
