// Threads that carry out what waits for Redis and for answers of the edges, each with a connection
// of its own. An edge that does not answer holds one of them for 2 s, and a Redis that does not
// answer for several.
//
// No task waits for long: one that no thread has begun within the time that its threads are given
// fails. Neither is a new one taken while all threads have been at their tasks for so long; and
// after Redis could not be reached, tasks fail at once for a second.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "proto/control_channel.h"

#define API_COMMANDS_THREADS_MAX 4

enum api_failure {
    API_TASK_STOPPING,  // nothing was done, the relay is stopping
    API_TASK_NOT_BEGUN, // nothing was done
    API_TASK_FAILED,    // it may have been done in part
};

struct api_task {
    // Does the work over the channel, and answers if it succeeds. Returns false if the channel has
    // failed; then it may be called again with another one.
    bool (*run)(struct api_task *task, struct control_channel *channel);
    // Called in place of run(), or after it has failed: answers, and frees. `reason` is a text for
    // a person; NULL if the relay is stopping.
    void (*on_failure)(struct api_task *task, enum api_failure failure, const char *reason);
    // Private.
    struct list node;
    uint64_t due_ms; // by then a thread must have begun it
};

struct api_commands;

// Starts so many threads, for tasks that wait up to `wait_ms`. Borrows the settings. Returns NULL
// if the threads cannot be started.
NODISCARD struct api_commands *api_commands_new(const struct redis_settings *redis, size_t threads,
                                                uint32_t wait_ms);
// Fails the tasks that wait, and finishes those that are at work.
void api_commands_stop(struct api_commands *commands);
void api_commands_free(struct api_commands *commands);

// Fails the tasks that have waited for too long. To be called about once a second.
void api_commands_check(struct api_commands *commands);

// Any thread may call it.
void api_commands_submit(struct api_commands *commands, struct api_task *task);
