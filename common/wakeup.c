#include "common/wakeup.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool wakeup_init(struct wakeup *wakeup)
{
    wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wakeup->fd >= 0;
}

void wakeup_fini(struct wakeup *wakeup)
{
    if (wakeup->fd >= 0)
        close(wakeup->fd);
    wakeup->fd = -1;
}

void wakeup_send(const struct wakeup *wakeup)
{
    uint64_t one = 1;

    // Fails only if the counter is full, and then the thread wakes up anyway.
    if (write(wakeup->fd, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

void wakeup_clear(const struct wakeup *wakeup)
{
    uint64_t count;

    if (read(wakeup->fd, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
}
