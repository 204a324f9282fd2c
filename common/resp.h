// Writes a command in the protocol of Redis. redisFormatCommandArgv() does it too, but at five
// times the instructions, which is much of what an event costs that is sent alone.
#pragma once

#include "common/buffer.h"

// Begins a command of `count` arguments, its name included. As many resp_add() follow.
void resp_begin(struct buffer *out, size_t count);
void resp_add(struct buffer *out, struct span argument);
