#include "common/file.h"

#include <errno.h>

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

bool file_read(const char *path, size_t max, struct buffer *out)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    bool whole = file_read_stream(file, max, out);
    int cause = errno;
    fclose(file);
    errno = cause;
    return whole;
}
