#define LOG_MODULE "edge"

#include "edge/edge_limits.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "common/log.h"
#include "common/memory_limit.h"

#define FILES_MAX              1048576 // libwebsockets takes a limit over 10 million for a mistake
#define CONNECTIONS_BY_DEFAULT 65536   // idle, they take less than 200 MB
#define OTHER_FILES            64      // for logs, Redis and the operations port
#define SPARE_FILES            24      // the part of OTHER_FILES that is held in reserve

void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// Descriptors that the edge keeps for itself.
static uint64_t count_other_files(const struct edge_settings *settings)
{
    uint64_t services = room_types_count(settings->file->rooms, ROOM_JOIN_SERVICE);

    return OTHER_FILES + services * (uint64_t)settings->authorization_concurrency;
}

uint32_t count_connections(const struct edge_settings *settings)
{
    struct rlimit limit = {.rlim_cur = 1024};

    getrlimit(RLIMIT_NOFILE, &limit);
    uint64_t others = count_other_files(settings);
    uint64_t possible = limit.rlim_cur > 2 * others ? limit.rlim_cur - others : limit.rlim_cur / 2;
    uint64_t wanted = (uint64_t)settings->max_connections;
    if (wanted > possible)
        log_warn("MAX_CONNECTIONS is more than the limit of open files allows wanted=%" PRIu64
                 " limit=%" PRIu64 " remedy=%s",
                 wanted, possible, "raise the limit (ulimit -n)");
    if (wanted == 0)
        wanted = CONNECTIONS_BY_DEFAULT;
    return (uint32_t)(wanted < possible ? wanted : possible);
}

// Without MAX_MEMORY_BYTES clients get three quarters of what the process may use, after the memory
// of the log's tail (RECOVERY_MEMORY) is set aside. At most half is set aside for it, so that some
// is always left for clients.
size_t count_memory(const struct edge_settings *settings)
{
    size_t wanted = (size_t)settings->max_memory_bytes, there = memory_limit_find();
    size_t log = settings->recovery_window > 0 ? (size_t)settings->recovery_memory : 0;

    if (wanted > 0)
        return wanted;
    return (there - (log < there / 2 ? log : there / 2)) / 4 * 3;
}

unsigned count_reserve_files(void)
{
    struct rlimit limit = {.rlim_cur = 1024};

    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 4 * OTHER_FILES ? SPARE_FILES : (unsigned)limit.rlim_cur / 32;
}
