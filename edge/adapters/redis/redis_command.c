#include "edge/adapters/redis/redis_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void redis_command_fini(struct redis_command *command)
{
    buffer_fini(&command->bytes);
    free(command->ends);
    *command = (struct redis_command){0};
}

void redis_command_end_argument(struct redis_command *command)
{
    if (command->count == command->cap) {
        command->cap = command->cap > 0 ? 2 * command->cap : 16;
        command->ends = mem_realloc(command->ends, command->cap * sizeof(command->ends[0]));
    }
    command->ends[command->count++] = command->bytes.len;
}

void redis_command_add(struct redis_command *command, struct span arg)
{
    buffer_append(&command->bytes, arg);
    redis_command_end_argument(command);
}

void redis_command_add_text(struct redis_command *command, const char *arg)
{
    redis_command_add(command, span_of(arg));
}

void redis_command_add_number(struct redis_command *command, uint64_t n)
{
    buffer_append_uint(&command->bytes, n);
    redis_command_end_argument(command);
}

void redis_command_add_key(struct redis_command *command, const char *prefix, struct span name)
{
    buffer_append(&command->bytes, span_of(prefix));
    redis_command_add(command, name);
    command->key_count++;
}

void redis_command_run_script(const struct redis_command *command,
                              struct redis_connection *connection, const char *verb,
                              struct span script, redis_answer_fn on_answer, uintptr_t tag)
{
    size_t argc = 3 + command->count, start = 0;
    const char **args = mem_alloc(argc * sizeof(args[0]));
    size_t *lens = mem_alloc(argc * sizeof(lens[0]));
    char key_count[24];

    args[0] = verb;
    lens[0] = strlen(verb);
    args[1] = script.ptr;
    lens[1] = script.len;
    args[2] = key_count;
    lens[2] = (size_t)snprintf(key_count, sizeof(key_count), "%zu", command->key_count);
    for (size_t i = 0; i < command->count; i++) {
        args[3 + i] = command->bytes.ptr + start;
        lens[3 + i] = command->ends[i] - start;
        start = command->ends[i];
    }
    redis_connection_send_argv(connection, on_answer, tag, argc, args, lens);
    free(args);
    free(lens);
}
