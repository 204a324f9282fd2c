// Threads that carry out what waits for Redis and for answers of the edges, each with a connection
// of its own. An edge that does not answer holds one of them for 2 s.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "proto/control_channel.h"

struct api_task {
    // Does the work over the channel, and answers if it succeeds. Returns false if the channel has
    // failed; then it may be called again with another one.
    bool (*run)(struct api_task *task, struct control_channel *channel);
    // Called in place of run(), or after it has failed: answers, and frees. `reason` is NULL if the
    // relay is stopping and nothing was done.
    void (*on_failure)(struct api_task *task, const char *reason);
    struct list node; // private
};

struct api_commands;

// Borrows the settings. Returns NULL if the threads cannot be started.
NODISCARD struct api_commands *api_commands_new(const struct redis_settings *redis);
// Finishes the tasks that are at work, and fails the others.
void api_commands_stop(struct api_commands *commands);
void api_commands_free(struct api_commands *commands);

// Any thread may call it.
void api_commands_submit(struct api_commands *commands, struct api_task *task);
