// The variables that settings are read from: the environment of the process, and the file `.env`
// for those that the environment does not have.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"

// Sets the variables of a `.env` file (dotenv.h) in the environment, where the environment has
// none. A missing file is fine; a line that is not valid, or a file above 64 KB, is an error. If a
// name is given twice, the last line counts. Call it once at the start. Returns false, with the
// reasons in `errors`, and then sets nothing.
NODISCARD bool settings_read_dotenv(const char *path, struct buffer *errors);

// Reads the file again, for setting_variable(). The environment stays as it is, since other threads
// may read it; so does every value if this returns false, with the reasons in `errors`.
NODISCARD bool settings_read_dotenv_again(const char *path, struct buffer *errors);

// The value of a variable, or NULL. A value that the process was started with counts more than one
// of the file. Valid until the file is read again.
const char *setting_variable(const char *name);
