#include "common/log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json_string.h"
#include "common/log_file.h"
#include "common/log_message.h"

static struct {
    pthread_mutex_t lock;
    const char *service;
    enum log_format format;
    struct buffer line;
    struct log_file all, error;
} sink = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .format = LOG_TEXT,
    .all = {.fd = -1},
    .error = {.fd = -1},
};

_Atomic(enum log_level) log_threshold = LOG_INFO;

static const char *const json_names[] = {"error", "warn", "info", "http", "debug"};
static const char *const text_names[] = {"ERROR", "WARN", "INFO", "HTTP", "DEBUG"};

static void append_member(struct buffer *out, const char *name, struct span value)
{
    buffer_append_char(out, out->len > 0 ? ',' : '{');
    json_string_append(out, span_of(name));
    buffer_append_char(out, ':');
    json_string_append(out, value);
}

static void format_line(struct buffer *out, uint64_t now_ms, enum log_level level,
                        const char *module, struct span message)
{
    char time[ISO8601_LEN + 1];

    clock_iso8601(now_ms, time);
    buffer_clear(out);
    if (sink.format == LOG_TEXT) {
        buffer_printf(out, "%s %s %s: ", time, text_names[level], module);
        buffer_append(out, message);
        buffer_append_char(out, '\n');
        return;
    }
    append_member(out, "timestamp", span_of(time));
    append_member(out, "level", span_of(json_names[level]));
    append_member(out, "service", span_of(sink.service));
    append_member(out, "module", span_of(module));
    append_member(out, "message", message);
    buffer_append(out, SPAN_LIT("}\n"));
}

// JSON goes where log collectors read. Text goes to stderr, since the output of a tool is on
// stdout.
static int console_of(enum log_format format)
{
    return format == LOG_JSON ? STDOUT_FILENO : STDERR_FILENO;
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    char message[LOG_MESSAGE_MAX];
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    size_t len = log_message_format(message, format, args);
    va_end(args);

    pthread_mutex_lock(&sink.lock);
    uint64_t now_ms = clock_wall_ms();
    format_line(&sink.line, now_ms, level, module, (struct span){message, len});
    struct span line = buffer_span(&sink.line);
    log_write_all(console_of(sink.format), line);
    log_file_write(&sink.all, line, now_ms);
    if (level == LOG_ERROR)
        log_file_write(&sink.error, line, now_ms);
    pthread_mutex_unlock(&sink.lock);
    errno = saved_errno;
}

// Creates the folder and those above it. If that fails, opening the files fails too.
static void make_folder(const char *dir)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", dir);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
}

bool log_open(const struct log_options *options)
{
    bool ok = true;

    pthread_mutex_lock(&sink.lock);
    sink.service = options->service;
    sink.format = options->format;
    log_threshold = options->level;
    if (options->dir && options->dir[0] != '\0') {
        uint64_t now_ms = clock_wall_ms();
        make_folder(options->dir);
        ok = log_file_open(&sink.all, options->dir, "all.log", now_ms) &&
             log_file_open(&sink.error, options->dir, "error.log", now_ms);
    }
    pthread_mutex_unlock(&sink.lock);
    return ok;
}

bool log_reopen(void)
{
    pthread_mutex_lock(&sink.lock);
    uint64_t now_ms = clock_wall_ms();
    bool ok = log_file_reopen(&sink.all, now_ms);
    ok = log_file_reopen(&sink.error, now_ms) && ok;
    pthread_mutex_unlock(&sink.lock);
    return ok;
}

void log_close(void)
{
    pthread_mutex_lock(&sink.lock);
    log_file_close(&sink.all);
    log_file_close(&sink.error);
    buffer_fini(&sink.line);
    sink.format = LOG_TEXT;
    pthread_mutex_unlock(&sink.lock);
}
