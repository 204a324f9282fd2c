#include "common/file_watch.h"

static void on_look(struct deadline *look, void *arg)
{
    struct file_watch *watch = arg;

    deadline_arm(look, &watch->looks);
    if (file_changes_look(&watch->changes))
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

void file_watch_set(struct file_watch *watch, const char *const *paths, size_t count,
                    bool read_before)
{
    file_changes_set(&watch->changes, paths, count, read_before);
    if (watch->changes.count > 0 && !deadline_is_armed(&watch->look))
        deadline_arm(&watch->look, &watch->looks);
}
