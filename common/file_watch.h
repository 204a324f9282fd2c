// Notices that one of a few files was changed (file_changes.h), by looking at them once a second.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/deadlines.h"
#include "common/file_changes.h"

#define FILE_WATCH_MAX     FILE_CHANGES_MAX
#define FILE_WATCH_LOOK_MS 1000

struct file_watch {
    struct file_changes changes;
    struct deadline_queue looks;
    struct deadline look;
    void (*on_changed)(void *arg);
    void *arg;
};

// `on_changed` is called once for all files that have changed at a time.
void file_watch_init(struct file_watch *watch, struct deadlines *clock,
                     void (*on_changed)(void *arg), void *arg);
void file_watch_fini(struct file_watch *watch);

// As file_changes_set().
void file_watch_set(struct file_watch *watch, const char *const *paths, size_t count,
                    bool read_before);
