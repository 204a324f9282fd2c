// Descriptors that are held in reserve, so that Redis, the logs and the operations port have some
// when clients have used up the rest.
//
// Whoever finds that descriptors run out lets them go, and takes them back before further clients
// are let in.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

#define SPARE_FILES_MAX 32
#define SPARE_FILES_GAP 8 // that must be free beside them, or others would already go short

struct spare_files {
    unsigned wanted, held;
    int fds[SPARE_FILES_MAX];
};

// Holds none yet. `wanted` is SPARE_FILES_MAX at most.
void spare_files_init(struct spare_files *spare, unsigned wanted);
// Takes those that are missing. True when all are held and SPARE_FILES_GAP more could be had;
// otherwise none is held, and errno says why.
NODISCARD bool spare_files_take(struct spare_files *spare);
void spare_files_release(struct spare_files *spare);
