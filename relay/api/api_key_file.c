#include "relay/api/api_key_file.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/file_stamp.h"
#include "common/mem.h"
#include "common/reload.h"

#define LOG_MODULE "api"
#include "common/log.h"

struct api_key_file {
    const char *path;
    struct api_keys *keys;
    struct file_stamp seen; // at the last look
    struct file_stamp read; // before the keys were read, or refused
    atomic_bool asked;
    metric *reloads, *refused;
};

static void log_faults(const struct buffer *faults)
{
    struct span rest = buffer_span(faults), line;

    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            log_error("the keys of the HTTP API are refused reason=" SPAN_FMT, SPAN_ARG(line));
}

struct api_key_file *api_key_file_new(const char *path, metric *reloads, metric *refused)
{
    struct file_stamp stamp = file_stamp_of(path);
    struct buffer faults = {0};
    struct api_keys *keys = api_keys_load(path, &faults);
    struct api_key_file *file;

    log_faults(&faults);
    buffer_fini(&faults);
    if (!keys)
        return NULL;
    file = mem_zalloc(sizeof(*file));
    file->path = path;
    file->keys = keys;
    file->seen = file->read = stamp;
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

static void read_again(struct api_key_file *file)
{
    struct buffer faults = {0};
    struct api_keys *keys = api_keys_load(file->path, &faults);

    reload_accepts("keys of the HTTP API", &faults);
    buffer_fini(&faults);
    metric_add(keys ? file->reloads : file->refused, 1);
    if (!keys)
        return;
    api_keys_inherit(keys, file->keys);
    api_keys_free(file->keys);
    file->keys = keys;
    log_info("loaded the keys of the HTTP API again keys=%zu", api_keys_count(keys));
}

// A file that was changed since the last look is left alone: somebody may still be writing. It is
// looked at before it is read, so that a change while it is read is seen next time.
void api_key_file_check(struct api_key_file *file)
{
    bool asked = atomic_exchange(&file->asked, false);
    struct file_stamp now = file_stamp_of(file->path);
    bool settled = file_stamp_eq(&now, &file->seen);

    file->seen = now;
    if (!asked && (!settled || file_stamp_eq(&now, &file->read)))
        return;
    file->read = now;
    read_again(file);
}
