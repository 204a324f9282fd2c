#include "edge/adapters/listener/fd_reserve.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void fd_reserve_init(struct fd_reserve *reserve, unsigned wanted)
{
    assert(wanted <= FD_RESERVE_MAX);
    *reserve = (struct fd_reserve){.wanted = wanted};
}

static void close_all(int *fds, unsigned *count)
{
    while (*count > 0)
        close(fds[--*count]);
}

// Opens descriptors until there are `wanted`. They are not duplicates (dup) of one another, because
// these share one entry in the system's table of open files, and that may be what runs out.
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

bool fd_reserve_take(struct fd_reserve *reserve)
{
    int gap[FD_RESERVE_GAP], cause = 0;
    unsigned found = 0;

    if (!open_all(reserve->fds, &reserve->held, reserve->wanted) ||
        !open_all(gap, &found, FD_RESERVE_GAP))
        cause = errno;
    close_all(gap, &found);
    if (cause != 0)
        fd_reserve_release(reserve);
    errno = cause;
    return cause == 0;
}

void fd_reserve_release(struct fd_reserve *reserve)
{
    close_all(reserve->fds, &reserve->held);
}
