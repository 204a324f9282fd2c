// Tokens of many users, as ws-token would print them.
#pragma once

#include <stdint.h>

#include "common/attr.h"

// Of users PREFIX-0 and on, signed with HS256 and good for a day. NULL with the reason on stderr.
NODISCARD char **tokens_new(const char *secret, const char *prefix, uint32_t count);
void tokens_free(char **tokens, uint32_t count);
