// Keeps the keys of the HTTP API as their file has them: it is read again when it has changed, and
// when somebody asks. A file that is wrong is refused, and the keys stay as they were.
#pragma once

#include "common/metrics.h"
#include "relay/api/api_keys.h"

struct api_key_file;

// Returns NULL, with a line in the log, if the file cannot be used. Borrows the path and the
// metrics, which count what is read again.
NODISCARD struct api_key_file *api_key_file_new(const char *path, metric *reloads, metric *refused);
void api_key_file_free(struct api_key_file *file);

// Valid until the next api_key_file_check().
struct api_keys *api_key_file_keys(struct api_key_file *file);
// Reads the file again if it has changed and been still since the last call, or api_key_file_ask()
// was called.
void api_key_file_check(struct api_key_file *file);
// Any thread may call it.
void api_key_file_ask(struct api_key_file *file);
