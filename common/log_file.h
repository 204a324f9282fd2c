// One file of the log: appended to whole lines at a time, rotated at 5 MB and kept five times
// (x.log, x.log.1 … x.log.4).
//
// Several programs may share a file. None of its errors stops the program: the first one is
// named on stderr, and later lines are tried anew.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/span.h"

struct log_file {
    char path[PATH_MAX]; // "": there is none, and lines are dropped
    int fd;
    off_t size;
    uint64_t looked_ms; // when the path was last compared with what is open
    bool failing;       // said so already
};

// False with one line on stderr when `dir`/`name` cannot be written.
NODISCARD bool log_file_open(struct log_file *file, const char *dir, const char *name,
                             uint64_t now_ms);
void log_file_write(struct log_file *file, struct span line, uint64_t now_ms);
void log_file_close(struct log_file *file);

// Writes all of `bytes`, however often the descriptor takes only a part.
bool log_write_all(int fd, struct span bytes);
