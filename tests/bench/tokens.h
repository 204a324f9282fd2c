// Tokens of many users, such as ws-token makes.
#pragma once

#include <stdint.h>

#include "common/attr.h"

// Makes tokens of the users PREFIX-0 and on, signed with HS256 and valid for a day. Returns NULL
// with the reason on stderr.
NODISCARD char **tokens_new(const char *secret, const char *prefix, uint32_t count);
void tokens_free(char **tokens, uint32_t count);
