#include "edge/adapters/listener/spare_files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void spare_files_init(struct spare_files *spare, unsigned wanted)
{
    assert(wanted <= SPARE_FILES_MAX);
    *spare = (struct spare_files){.wanted = wanted};
}

static void close_all(int *fds, unsigned *count)
{
    while (*count > 0)
        close(fds[--*count]);
}

// Opens until there are `wanted`. No duplicates of one another: those do not count in the system's
// table of open files.
static bool open_all(int *fds, unsigned *count, unsigned wanted)
{
    while (*count < wanted) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return false;
        fds[(*count)++] = fd;
    }
    return true;
}

bool spare_files_take(struct spare_files *spare)
{
    int gap[SPARE_FILES_GAP], cause = 0;
    unsigned found = 0;

    if (!open_all(spare->fds, &spare->held, spare->wanted) ||
        !open_all(gap, &found, SPARE_FILES_GAP))
        cause = errno;
    close_all(gap, &found);
    if (cause != 0)
        spare_files_release(spare);
    errno = cause;
    return cause == 0;
}

void spare_files_release(struct spare_files *spare)
{
    close_all(spare->fds, &spare->held);
}
