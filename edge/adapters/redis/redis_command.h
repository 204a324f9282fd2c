// The arguments of a Redis command while they are collected: keys first, then the others. They may
// hold any bytes, and stand one behind another in one buffer.
#pragma once

#include <stdint.h>

#include "common/buffer.h"
#include "edge/adapters/redis/redis_connection.h"

// A zeroed struct has no arguments.
struct redis_command {
    struct buffer bytes;
    size_t *ends; // of each argument in `bytes`
    size_t count, cap;
    size_t key_count;
};

void redis_command_fini(struct redis_command *command);

void redis_command_add(struct redis_command *command, struct span arg);
void redis_command_add_text(struct redis_command *command, const char *arg);
void redis_command_add_number(struct redis_command *command, uint64_t n);
// Adds a key: one argument, `prefix` and `name` without anything between them.
void redis_command_add_key(struct redis_command *command, const char *prefix, struct span name);
// Makes an argument of what was appended to `bytes` since the last one.
void redis_command_end_argument(struct redis_command *command);

// Sends the arguments to a script: `verb` is "EVAL", and `script` its text, or "EVALSHA" and its
// name. The answer comes as with redis_connection_send().
void redis_command_run_script(const struct redis_command *command,
                              struct redis_connection *connection, const char *verb,
                              struct span script, redis_answer_fn on_answer, uintptr_t tag);
