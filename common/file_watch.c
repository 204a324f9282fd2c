#include "common/file_watch.h"

#include <assert.h>
#include <sys/stat.h>

#define RECENT_S 10 // more than a start takes

static struct file_stamp stamp_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return (struct file_stamp){0};
    return (struct file_stamp){.is_file = true,
                               .dev = st.st_dev,
                               .ino = st.st_ino,
                               .size = st.st_size,
                               .written = st.st_mtim,
                               .changed = st.st_ctim};
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->is_file == b->is_file && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           is_same_time(a->written, b->written) && is_same_time(a->changed, b->changed);
}

// Returns whether it was the same at the last look.
static bool look_at(struct watched_file *file)
{
    struct file_stamp now = stamp_of(file->path);
    bool settled = is_same(&now, &file->seen);

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
        changed = changed || !is_same(&file->seen, &file->reported);
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
        *file = (struct watched_file){.path = paths[i], .seen = stamp_of(paths[i])};
        if (!read_before || !is_recent(&file->seen))
            file->reported = file->seen;
    }
    if (watch->count > 0 && !deadline_is_armed(&watch->look))
        deadline_arm(&watch->look, &watch->looks);
}
