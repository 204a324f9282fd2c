#include "common/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX        (5 * 1024 * 1024)
#define FILES_KEPT      5
#define LOOK_AGAIN_MS   1000
#define WELL_AGAIN_MS   60000
#define FILE_PERMISSION 0640

bool log_write_all(int fd, struct span bytes)
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

// Reports the first error of several: a full disk must not fill the console with lines.
static void log_failure_once(struct log_file *file, const char *what)
{
    if (!file->failing)
        fprintf(stderr,
                "cannot %s the log file %s: %s; set LOG_DIR to a folder with room that "
                "can be written, or empty for the console alone\n",
                what, file->path, strerror(errno));
    file->failing = true;
    file->failed_ms = file->looked_ms;
}

// A line was written. On a disk that is nearly full lines fail now and then: the next error is
// reported only if none has come for some time.
static void note_success(struct log_file *file, uint64_t now_ms)
{
    if (file->failing && now_ms - file->failed_ms >= WELL_AGAIN_MS)
        file->failing = false;
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
        log_failure_once(file, "open");
        close_file(file);
        return false;
    }
    file->size = st.st_size;
    return true;
}

// False if the path is not the open file: someone else has rotated or removed it. Also updates the
// size.
static bool is_current(struct log_file *file)
{
    struct stat named, opened;

    if (file->fd < 0 || stat(file->path, &named) != 0 || fstat(file->fd, &opened) != 0)
        return false;
    file->size = opened.st_size;
    return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

// Renames the files to the next number. Returns true if the path is free for a new file.
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

// Several programs may share the file. One that has waited for the lock may find that another has
// rotated it; then it only opens the new file.
static void rotate(struct log_file *file)
{
    flock(file->fd, LOCK_EX);
    if (is_current(file) && file->size > 0 && !shift_old_files(file))
        log_failure_once(file, "rotate");
    open_file(file);
}

bool log_file_open(struct log_file *file, const char *dir, const char *name, uint64_t now_ms)
{
    int len = snprintf(file->path, sizeof(file->path), "%s/%s", dir, name);

    file->fd = -1;
    file->failing = false;
    file->looked_ms = now_ms;
    if (len >= (int)sizeof(file->path))
        fprintf(stderr, "LOG_DIR is too long for a path\n");
    else if (open_file(file))
        return true;
    file->path[0] = '\0';
    return false;
}

bool log_file_reopen(struct log_file *file, uint64_t now_ms)
{
    struct log_file fresh = *file;

    if (file->path[0] == '\0')
        return true;
    fresh.fd = -1;
    fresh.looked_ms = now_ms;
    bool ok = open_file(&fresh);
    if (ok)
        close_file(file);
    else
        fresh.fd = file->fd;
    *file = fresh;
    return ok;
}

// Other programs may rotate or remove the file, so once a second the path is compared with it.
void log_file_write(struct log_file *file, struct span line, uint64_t now_ms)
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
    if (log_write_all(file->fd, line))
        note_success(file, now_ms);
    else
        log_failure_once(file, "write");
    file->size = lseek(file->fd, 0, SEEK_CUR); // includes what other programs have appended
}

void log_file_close(struct log_file *file)
{
    close_file(file);
    file->path[0] = '\0';
}
