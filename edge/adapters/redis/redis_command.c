#include "edge/adapters/redis/redis_command.h"

#include <stdlib.h>

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
