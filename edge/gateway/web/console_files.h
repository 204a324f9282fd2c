// The files of edge/console, put into the program when it is built.
#pragma once

#include "common/span.h"

// The bytes of "console.css"; ptr is NULL when there is no such file.
struct span console_file(struct span name);
