// Notices that one of a few files was changed, by looking at them once a second.
//
// It looks at what a path leads to, so it notices a file that is replaced, one behind a symbolic
// link that is turned to another folder (as Kubernetes updates its secrets), and a mount of another
// machine, of all of which inotify tells only a part. A change is reported once all files have been
// the same for a second: until then somebody may still be writing.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/deadlines.h"
#include "common/file_stamp.h"

#define FILE_WATCH_MAX     4
#define FILE_WATCH_LOOK_MS 1000

struct file_watch {
    struct watched_file {
        const char *path; // borrowed
        struct file_stamp seen, reported;
    } files[FILE_WATCH_MAX];
    size_t count;
    struct deadline_queue looks;
    struct deadline look;
    void (*on_changed)(void *arg);
    void *arg;
};

// `on_changed` is called once for all files that have changed at a time.
void file_watch_init(struct file_watch *watch, struct deadlines *clock,
                     void (*on_changed)(void *arg), void *arg);
void file_watch_fini(struct file_watch *watch);

// Watches these files from now on, in place of the ones before; NULL paths are left out. If they
// were `read_before`, one that was changed in the last seconds is reported, as it may have been
// changed since; otherwise what they are now does not count as a change.
void file_watch_set(struct file_watch *watch, const char *const *paths, size_t count,
                    bool read_before);
