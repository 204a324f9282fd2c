// Tells whether what a path leads to is still the same file with the same content.
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct file_stamp {
    bool is_file; // otherwise the rest is 0
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec written, changed;
};

// Follows symbolic links.
struct file_stamp file_stamp_of(const char *path);
bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b);
