#include "common/file_changes.h"

#include <assert.h>

#define RECENT_S 10 // more than a start takes

// Returns whether it was the same at the last look.
static bool look_at(struct looked_at_file *file)
{
    struct file_stamp now = file_stamp_of(file->path);
    bool settled = file_stamp_eq(&now, &file->seen);

    file->seen = now;
    return settled;
}

// While one file moves, the others wait: whoever is told reads all of them.
bool file_changes_look(struct file_changes *changes)
{
    bool settled = true, changed = false;

    for (size_t i = 0; i < changes->count; i++)
        settled = look_at(&changes->files[i]) && settled;
    for (size_t i = 0; settled && i < changes->count; i++) {
        struct looked_at_file *file = &changes->files[i];
        changed = changed || !file_stamp_eq(&file->seen, &file->reported);
        file->reported = file->seen;
    }
    return changed;
}

static bool is_recent(const struct file_stamp *stamp)
{
    return stamp->is_file && time(NULL) - stamp->changed.tv_sec < RECENT_S;
}

void file_changes_set(struct file_changes *changes, const char *const *paths, size_t count,
                      bool read_before)
{
    changes->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!paths[i])
            continue;
        assert(changes->count < FILE_CHANGES_MAX);
        struct looked_at_file *file = &changes->files[changes->count++];
        *file = (struct looked_at_file){.path = paths[i], .seen = file_stamp_of(paths[i])};
        if (!read_before || !is_recent(&file->seen))
            file->reported = file->seen;
    }
}
