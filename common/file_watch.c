#include "common/file_watch.h"

#include <assert.h>

#define RECENT_S 10 // more than a start takes

// Returns whether it was the same at the last look.
static bool look_at(struct watched_file *file)
{
    struct file_stamp now = file_stamp_of(file->path);
    bool settled = file_stamp_eq(&now, &file->seen);

    file->seen = now;
    return settled;
}

// While one file moves, the others wait: whoever is told reads all of them.
static bool have_changed(struct file_watch *watch)
{
    bool settled = true, changed = false;

    for (size_t i = 0; i < watch->count; i++)
        settled = look_at(&watch->files[i]) && settled;
    for (size_t i = 0; settled && i < watch->count; i++) {
        struct watched_file *file = &watch->files[i];
        changed = changed || !file_stamp_eq(&file->seen, &file->reported);
        file->reported = file->seen;
    }
    return changed;
}

static void on_look(struct deadline *look, void *arg)
{
    struct file_watch *watch = arg;

    deadline_arm(look, &watch->looks);
    if (have_changed(watch))
        watch->on_changed(watch->arg);
}

void file_watch_init(struct file_watch *watch, struct deadlines *clock,
                     void (*on_changed)(void *arg), void *arg)
{
    *watch = (struct file_watch){.on_changed = on_changed, .arg = arg};
    deadline_queue_init(&watch->looks, clock, FILE_WATCH_LOOK_MS, on_look, watch);
    deadline_init(&watch->look);
}

void file_watch_fini(struct file_watch *watch)
{
    deadline_queue_fini(&watch->looks);
}

static bool is_recent(const struct file_stamp *stamp)
{
    return stamp->is_file && time(NULL) - stamp->changed.tv_sec < RECENT_S;
}

void file_watch_set(struct file_watch *watch, const char *const *paths, size_t count,
                    bool read_before)
{
    watch->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!paths[i])
            continue;
        assert(watch->count < FILE_WATCH_MAX);
        struct watched_file *file = &watch->files[watch->count++];
        *file = (struct watched_file){.path = paths[i], .seen = file_stamp_of(paths[i])};
        if (!read_before || !is_recent(&file->seen))
            file->reported = file->seen;
    }
    if (watch->count > 0 && !deadline_is_armed(&watch->look))
        deadline_arm(&watch->look, &watch->looks);
}
