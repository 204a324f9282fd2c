// Tells that one of a few files was changed, to whoever looks at them about once a second.
//
// It looks at what a path leads to, so it notices a file that is replaced, one behind a symbolic
// link that is turned to another folder (as Kubernetes updates its secrets), and a mount of another
// machine, of all of which inotify tells only a part. A change is reported once all files have been
// the same since the look before: until then somebody may still be writing.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/file_stamp.h"

#define FILE_CHANGES_MAX 4

struct file_changes {
    struct looked_at_file {
        const char *path; // borrowed
        struct file_stamp seen, reported;
    } files[FILE_CHANGES_MAX];
    size_t count;
};

// Looks at these files from now on, in place of the ones before; NULL paths are left out. If they
// were `read_before`, one that was changed in the last seconds is reported, as it may have been
// changed since; otherwise what they are now does not count as a change.
void file_changes_set(struct file_changes *changes, const char *const *paths, size_t count,
                      bool read_before);
// Returns true once for all files that have changed at a time.
NODISCARD bool file_changes_look(struct file_changes *changes);
