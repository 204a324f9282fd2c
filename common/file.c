#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define STEP_BYTES ((size_t)16 * 1024)

bool file_read_stream(FILE *stream, size_t max, struct buffer *out)
{
    size_t before = out->len, n;

    do {
        n = fread(buffer_reserve(out, STEP_BYTES), 1, STEP_BYTES, stream);
        out->len += n;
    } while (n > 0 && out->len - before <= max);
    out->ptr[out->len] = '\0';
    if (ferror(stream))
        return false;
    errno = EFBIG;
    return out->len - before <= max;
}

static bool is_named_pipe(int fd, const struct stat *st)
{
    struct statfs where;

    return S_ISFIFO(st->st_mode) && (fstatfs(fd, &where) != 0 || where.f_type != PIPEFS_MAGIC);
}

// Never waits for the writer of a pipe. Reading waits afterwards, as usual.
static int open_without_waiting(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && !is_named_pipe(fd, &st)) {
        fcntl(fd, F_SETFL, O_RDONLY);
        return fd;
    }
    close(fd);
    errno = ENOTSUP;
    return -1;
}

bool file_can_be_opened(const char *path)
{
    int fd = open_without_waiting(path);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool file_read(const char *path, size_t max, struct buffer *out)
{
    int fd = open_without_waiting(path);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (!file)
        return false;
    bool whole = file_read_stream(file, max, out);
    int cause = errno;
    fclose(file);
    errno = cause;
    return whole;
}

void file_append_fault(struct buffer *out, size_t max)
{
    if (errno == EFBIG)
        buffer_printf(out, "has more than %zu KB", max / 1024);
    else if (errno == ENOTSUP)
        buffer_printf(out, "is a named pipe, which may have no end; give a file");
    else
        buffer_printf(out, "cannot be read: %s", strerror(errno));
}
