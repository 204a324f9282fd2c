// A secret that a file holds, as Docker and Kubernetes mount them: NAME_FILE names the file in
// place of the variable NAME.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

#define SECRET_FILE_SUFFIX "_FILE"
#define SECRET_FILE_MAX    ((size_t)64 * 1024)

// Returns the content of the file at `path` without the line end behind it; the caller frees it.
// Returns NULL, with a line in `errors` that begins with the name of the variable, if the file
// cannot be read, is empty, has more than SECRET_FILE_MAX bytes, or has a NUL byte. The content
// never stands in the line.
NODISCARD char *secret_file_read(const char *variable, const char *path, struct buffer *errors);
