// Small files and streams, read whole.
#pragma once

#include <stdio.h>

#include "common/attr.h"
#include "common/buffer.h"

// Appends all that the file holds to `out`, and a NUL. False with errno set when it cannot be read;
// errno is EFBIG for one of more than `max` bytes, of which some may have been appended.
NODISCARD bool file_read(const char *path, size_t max, struct buffer *out);
NODISCARD bool file_read_stream(FILE *stream, size_t max, struct buffer *out);
