// The bytes of routes.json, put into the program when it is built.
#pragma once

#include "common/span.h"

struct span routes_builtin(void);
