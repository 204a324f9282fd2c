// Descriptors that are held in reserve, so that Redis, the logs and the operations port have some
// when clients have used up the rest.
//
// The acceptor releases the reserve when descriptors run out, and takes it again before it accepts
// further clients.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

#define FD_RESERVE_MAX 32
#define FD_RESERVE_GAP 8 // descriptors that must be free besides, for Redis and the others

struct fd_reserve {
    unsigned wanted, held;
    int fds[FD_RESERVE_MAX];
};

// The reserve is empty at first. `wanted` is FD_RESERVE_MAX at most.
void fd_reserve_init(struct fd_reserve *reserve, unsigned wanted);
// Fills the reserve. True when it is full and FD_RESERVE_GAP more descriptors could be opened;
// otherwise the reserve is empty, and errno says why.
NODISCARD bool fd_reserve_take(struct fd_reserve *reserve);
void fd_reserve_release(struct fd_reserve *reserve);
