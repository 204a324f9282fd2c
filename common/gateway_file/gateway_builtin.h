// The bytes of gateway.json, which the build puts into the programs.
#pragma once

#include "common/span.h"

struct span gateway_builtin(void);
