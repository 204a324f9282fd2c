// The files of edge/console, which the build embeds in the program.
#pragma once

#include "common/span.h"

// The bytes of a file such as "console.css"; ptr is NULL if there is no such file.
struct span console_file(struct span name);
