#include "common/memory_limit.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"

#define LINE_MAX_LEN 4096
#define UNLIMITED    ((uint64_t)1 << 60) // version 1 writes a huge number for "no limit"

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// No limit: "max", and a file that does not exist.
static uint64_t read_limit(const char *path)
{
    FILE *file = fopen(path, "re");
    uint64_t limit = UNLIMITED;

    if (!file)
        return UNLIMITED;
    if (fscanf(file, "%" SCNu64, &limit) != 1)
        limit = UNLIMITED;
    fclose(file);
    return limit;
}

// The smallest limit of the group and its ancestors; shortens `group`. In a container `group` may
// be a path of the host, of which only the top is visible here, so folders that do not exist are
// skipped.
static uint64_t limit_of_path(const char *root, char *group, const char *file)
{
    uint64_t least = UNLIMITED;
    struct buffer path = {0};

    for (;;) {
        buffer_clear(&path);
        buffer_printf(&path, "%s%s/%s", root, group, file);
        least = lesser(least, read_limit(path.ptr));
        char *slash = strrchr(group, '/');
        if (!slash)
            break;
        *slash = '\0';
    }
    buffer_fini(&path);
    return least;
}

static bool names_memory(char *controllers)
{
    char *rest = controllers, *name;

    while ((name = strsep(&rest, ",")))
        if (strcmp(name, "memory") == 0)
            return true;
    return false;
}

// A line is HIERARCHY:CONTROLLERS:PATH; version 2 has the hierarchy 0 and names no controllers.
static uint64_t limit_of_line(char *line, const char *cgroups)
{
    char *rest = line;
    char *hierarchy = strsep(&rest, ":"), *controllers = strsep(&rest, ":");
    struct buffer root = {0};
    uint64_t limit = UNLIMITED;

    if (!rest)
        return UNLIMITED;
    if (strcmp(hierarchy, "0") == 0 && controllers[0] == '\0') {
        limit = limit_of_path(cgroups, rest, "memory.max");
    } else if (names_memory(controllers)) {
        buffer_printf(&root, "%s/memory", cgroups);
        limit = limit_of_path(root.ptr, rest, "memory.limit_in_bytes");
    }
    buffer_fini(&root);
    return limit;
}

size_t memory_limit_of_groups(const char *proc, const char *cgroups)
{
    FILE *file = fopen(proc, "re");
    char line[LINE_MAX_LEN];
    uint64_t least = UNLIMITED;

    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        least = lesser(least, limit_of_line(line, cgroups));
    }
    fclose(file);
    return least < UNLIMITED ? (size_t)least : 0;
}

size_t memory_limit_find(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t machine = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 0;
    size_t groups = memory_limit_of_groups("/proc/self/cgroup", "/sys/fs/cgroup");

    if (groups == 0 || (machine > 0 && machine < groups))
        return machine;
    return groups;
}
