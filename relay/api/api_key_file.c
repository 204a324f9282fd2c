#include "relay/api/api_key_file.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/mem.h"

#define LOG_MODULE "api"
#include "common/log.h"

struct api_key_file {
    const char *path;
    struct api_keys *keys;
    struct stat seen; // when the file was read, or refused
    atomic_bool asked;
    metric *reloads, *refused;
};

static bool has_changed(const struct stat *a, const struct stat *b)
{
    return a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
           a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
           a->st_ctim.tv_sec != b->st_ctim.tv_sec || a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

static void log_faults(const struct buffer *faults)
{
    struct span rest = buffer_span(faults), line;

    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            log_error("the keys of the HTTP API are refused reason=" SPAN_FMT, SPAN_ARG(line));
}

static struct api_keys *load(const char *path)
{
    struct buffer faults = {0};
    struct api_keys *keys = api_keys_load(path, &faults);

    if (!keys)
        log_faults(&faults);
    buffer_fini(&faults);
    return keys;
}

// Looks at the file before it is read, so that a change while it is read is seen next time.
static struct stat look(const char *path)
{
    struct stat now = {0};

    if (stat(path, &now) != 0)
        now = (struct stat){0};
    return now;
}

struct api_key_file *api_key_file_new(const char *path, metric *reloads, metric *refused)
{
    struct stat seen = look(path);
    struct api_keys *keys = load(path);

    if (!keys)
        return NULL;

    struct api_key_file *file = mem_zalloc(sizeof(*file));
    file->path = path;
    file->keys = keys;
    file->seen = seen;
    file->reloads = reloads;
    file->refused = refused;
    return file;
}

void api_key_file_free(struct api_key_file *file)
{
    if (!file)
        return;
    api_keys_free(file->keys);
    free(file);
}

struct api_keys *api_key_file_keys(struct api_key_file *file)
{
    return file->keys;
}

void api_key_file_ask(struct api_key_file *file)
{
    atomic_store(&file->asked, true);
}

void api_key_file_check(struct api_key_file *file)
{
    bool asked = atomic_exchange(&file->asked, false);
    struct stat now = look(file->path);

    if (!asked && !has_changed(&now, &file->seen))
        return;
    file->seen = now;
    struct api_keys *keys = load(file->path);
    metric_add(keys ? file->reloads : file->refused, 1);
    if (!keys)
        return;
    api_keys_inherit(keys, file->keys);
    api_keys_free(file->keys);
    file->keys = keys;
    log_info("loaded the keys of the HTTP API again keys=%zu", api_keys_count(keys));
}
