// Descriptors that are held in reserve, so that Redis, the logs and the operations port have some
// when clients have used up the rest.
//
// Whoever finds that descriptors run out lets them go, and takes them back before further clients
// are let in.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

#define FD_RESERVE_MAX 32
#define FD_RESERVE_GAP 8 // that must be free beside them, or others would already go short

struct fd_reserve {
    unsigned wanted, held;
    int fds[FD_RESERVE_MAX];
};

// Holds none yet. `wanted` is FD_RESERVE_MAX at most.
void fd_reserve_init(struct fd_reserve *spare, unsigned wanted);
// Takes those that are missing. True when all are held and FD_RESERVE_GAP more could be had;
// otherwise none is held, and errno says why.
NODISCARD bool fd_reserve_take(struct fd_reserve *spare);
void fd_reserve_release(struct fd_reserve *spare);
