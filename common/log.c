#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"

#define MESSAGE_MAX     4096 // longer ones are cut; most of that would be a peer's text
#define FILE_MAX        (5 * 1024 * 1024)
#define FILES_KEPT      5
#define LOOK_AGAIN_MS   1000
#define FILE_PERMISSION 0640

struct log_file {
    const char *name;
    char path[PATH_MAX];
    int fd;
    off_t size;
    uint64_t looked_ms; // when the path was last compared with what is open
    bool failing;       // said so already
};

static struct {
    pthread_mutex_t lock;
    const char *service;
    enum log_format format;
    struct buffer line;
    struct log_file all, error;
} sink = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .format = LOG_TEXT,
    .all = {.name = "all.log", .fd = -1},
    .error = {.name = "error.log", .fd = -1},
};

enum log_level log_threshold = LOG_INFO;

static const char *const json_names[] = {"error", "warn", "info", "http", "debug"};
static const char *const text_names[] = {"ERROR", "WARN", "INFO", "HTTP", "DEBUG"};

static bool write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = span_skip(bytes, (size_t)n);
    }
    return true;
}

// A full disk must not stop the program, nor fill the console with complaints.
static void complain_once(struct log_file *file, const char *what)
{
    if (!file->failing)
        fprintf(stderr,
                "cannot %s the log file %s: %s; set LOG_DIR to a folder with room that "
                "can be written, or empty for the console alone\n",
                what, file->path, strerror(errno));
    file->failing = true;
}

static void close_file(struct log_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static bool open_file(struct log_file *file)
{
    struct stat st;

    close_file(file);
    file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, FILE_PERMISSION);
    if (file->fd < 0 || fstat(file->fd, &st) != 0) {
        complain_once(file, "open");
        close_file(file);
        return false;
    }
    file->size = st.st_size;
    return true;
}

// False when the path names another file than the open one: rotated or removed by somebody else.
static bool is_current(struct log_file *file)
{
    struct stat named, opened;

    if (file->fd < 0 || stat(file->path, &named) != 0 || fstat(file->fd, &opened) != 0)
        return false;
    file->size = opened.st_size;
    return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

// Returns whether the path is free for a new file.
static bool shift_old_files(const struct log_file *file)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];

    for (int i = FILES_KEPT - 1; i > 1; i--) {
        snprintf(from, sizeof(from), "%s.%d", file->path, i - 1);
        snprintf(to, sizeof(to), "%s.%d", file->path, i);
        rename(from, to);
    }
    snprintf(to, sizeof(to), "%s.1", file->path);
    return rename(file->path, to) == 0;
}

// Several programs may share the folder. Who waited for the lock finds that another has rotated.
static void rotate(struct log_file *file)
{
    flock(file->fd, LOCK_EX);
    if (is_current(file) && file->size > 0 && !shift_old_files(file))
        complain_once(file, "rotate");
    open_file(file);
}

static void write_file(struct log_file *file, struct span line, uint64_t now_ms)
{
    if (file->path[0] == '\0')
        return;
    if (now_ms - file->looked_ms >= LOOK_AGAIN_MS) {
        file->looked_ms = now_ms;
        if (!is_current(file) && !open_file(file))
            return;
    }
    if (file->fd < 0)
        return;
    if (file->size + (off_t)line.len > FILE_MAX)
        rotate(file);
    if (file->fd < 0)
        return;
    if (!write_all(file->fd, line))
        complain_once(file, "write");
    file->size = lseek(file->fd, 0, SEEK_CUR); // with what other programs have appended
}

// The length of the well-formed UTF-8 character that `text` begins with, or 0.
static size_t utf8_length(struct span text)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text.ptr[0];
    size_t len = lead < 0x80       ? 1
                 : lead >> 5 == 6  ? 2
                 : lead >> 4 == 14 ? 3
                 : lead >> 3 == 30 ? 4
                                   : 0;

    if (len <= 1 || len > text.len)
        return len <= 1 ? len : 0;
    unsigned code = lead & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)text.ptr[i];
        if (next >> 6 != 2)
            return 0;
        code = code << 6 | (next & 0x3f);
    }
    bool valid = code >= least[len] && code <= 0x10ffff && code >> 11 != 0x1b;
    return valid && code >= 0xa0 ? len : 0; // 0x80..0x9f are control characters too
}

// A line must stay valid JSON whatever a peer sent, and a terminal must not be steered by it.
static void replace_bad_utf8(char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = utf8_length((struct span){text + i, len - i});
        if (step == 0)
            text[i++] = '?';
        i += step;
    }
}

static void append_text(struct buffer *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '\n')
            buffer_append(out, SPAN_LIT("\\n"));
        else if (c < 0x20 || c == 0x7f)
            buffer_printf(out, "\\u%04x", c);
        else
            buffer_append_char(out, (char)c);
    }
}

static void append_member(struct buffer *out, const char *name, struct span value)
{
    buffer_append_char(out, out->len > 0 ? ',' : '{');
    buffer_append_json(out, span_of(name));
    buffer_append_char(out, ':');
    buffer_append_json(out, value);
}

static void format_line(struct buffer *out, uint64_t now_ms, enum log_level level,
                        const char *module, struct span message)
{
    char time[ISO8601_LEN + 1];

    clock_iso8601(now_ms, time);
    buffer_clear(out);
    if (sink.format == LOG_TEXT) {
        buffer_printf(out, "%s %s %s: ", time, text_names[level], module);
        append_text(out, message);
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

// JSON is read by machines and goes where they look; text is what a tool says aside of its output.
static int console_of(enum log_format format)
{
    return format == LOG_JSON ? STDOUT_FILENO : STDERR_FILENO;
}

static size_t format_message(char out[MESSAGE_MAX], const char *format, va_list args)
{
    int len = vsnprintf(out, MESSAGE_MAX, format, args);

    if (len < 0)
        len = 0;
    if (len >= MESSAGE_MAX) {
        len = MESSAGE_MAX - 1;
        memcpy(out + len - 3, "...", 3);
    }
    replace_bad_utf8(out, (size_t)len);
    return (size_t)len;
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    char message[MESSAGE_MAX];
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    size_t len = format_message(message, format, args);
    va_end(args);

    pthread_mutex_lock(&sink.lock);
    uint64_t now_ms = clock_wall_ms();
    format_line(&sink.line, now_ms, level, module, (struct span){message, len});
    struct span line = buffer_span(&sink.line);
    write_all(console_of(sink.format), line);
    write_file(&sink.all, line, now_ms);
    if (level == LOG_ERROR)
        write_file(&sink.error, line, now_ms);
    pthread_mutex_unlock(&sink.lock);
    errno = saved_errno;
}

// Makes the folder and those above it.
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

static bool place_file(struct log_file *file, const char *dir)
{
    int len = snprintf(file->path, sizeof(file->path), "%s/%s", dir, file->name);

    if (len >= (int)sizeof(file->path)) {
        fprintf(stderr, "LOG_DIR is too long for a path\n");
        file->path[0] = '\0';
        return false;
    }
    file->failing = false;
    file->looked_ms = clock_wall_ms();
    if (open_file(file))
        return true;
    file->path[0] = '\0';
    return false;
}

bool log_open(const struct log_options *options)
{
    bool ok = true;

    pthread_mutex_lock(&sink.lock);
    sink.service = options->service;
    sink.format = options->format;
    log_threshold = options->level;
    if (options->dir && options->dir[0] != '\0') {
        make_folder(options->dir);
        ok = place_file(&sink.all, options->dir) && place_file(&sink.error, options->dir);
    }
    pthread_mutex_unlock(&sink.lock);
    return ok;
}

static void forget_file(struct log_file *file)
{
    close_file(file);
    file->path[0] = '\0';
}

void log_close(void)
{
    pthread_mutex_lock(&sink.lock);
    forget_file(&sink.all);
    forget_file(&sink.error);
    buffer_fini(&sink.line);
    sink.format = LOG_TEXT;
    pthread_mutex_unlock(&sink.lock);
}
