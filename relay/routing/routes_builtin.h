// The bytes of routes.json, which the build puts into the program.
#pragma once

#include "common/span.h"

struct span routes_builtin(void);
