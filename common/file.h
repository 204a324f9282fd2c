// Reads small files and streams as a whole.
#pragma once

#include <stdio.h>

#include "common/attr.h"
#include "common/buffer.h"

// Appends the content and a NUL to `out`. Returns false with errno set if it cannot be read. EFBIG:
// it has more than `max` bytes, some of which may have been appended. A named pipe is refused
// (ENOTSUP), since it may have no writer and no end; a pipe of the shell is read.
NODISCARD bool file_read(const char *path, size_t max, struct buffer *out);
NODISCARD bool file_read_stream(FILE *stream, size_t max, struct buffer *out);

// True if it can be opened as file_read() does; otherwise errno is set as above.
NODISCARD bool file_can_be_opened(const char *path);

// Appends why file_read() has failed, as errno says, to the name of a file: "has more than 64 KB".
void file_append_fault(struct buffer *out, size_t max);
