// One file of the log. Lines are appended whole; the file is rotated at 5 MB, and five are kept
// (x.log, x.log.1 … x.log.4).
//
// Several programs may share a file. An error never stops the program: each later line is tried
// again. The first error is reported on stderr, and the next one once lines were written and no
// error has come for a minute.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"
#include "common/span.h"

struct log_file {
    char path[PATH_MAX]; // "": there is no file, and lines are dropped
    int fd;
    off_t size;
    uint64_t looked_ms; // when the path was last compared with the open file
    bool failing;       // an error was reported
    uint64_t failed_ms; // the last error; up to a second earlier
};

// Opens `dir`/`name`. Returns false, with a line on stderr, if it cannot be written.
NODISCARD bool log_file_open(struct log_file *file, const char *dir, const char *name,
                             uint64_t now_ms);
// Opens the path anew, for a program that has moved the file away. Returns false, with a line on
// stderr, if that fails; the file that is open stays then. Does nothing if there is no file.
NODISCARD bool log_file_reopen(struct log_file *file, uint64_t now_ms);
void log_file_write(struct log_file *file, struct span line, uint64_t now_ms);
void log_file_close(struct log_file *file);

// Writes all of `bytes`, in several calls if necessary. Returns false on an error.
bool log_write_all(int fd, struct span bytes);
