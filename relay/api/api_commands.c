#include "relay/api/api_commands.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/thread.h"

#define THREADS 4

struct api_commands {
    const struct redis_settings *redis;
    pthread_t threads[THREADS];
    size_t started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct list tasks; // under `lock`
    bool stopping;     // under `lock`
};

// Waits for a task. NULL: the relay is stopping.
static struct api_task *next_task(struct api_commands *commands)
{
    struct api_task *task = NULL;

    pthread_mutex_lock(&commands->lock);
    while (list_empty(&commands->tasks) && !commands->stopping)
        pthread_cond_wait(&commands->changed, &commands->lock);
    if (!commands->stopping) {
        task = list_entry(commands->tasks.next, struct api_task, node);
        list_unlink(&task->node);
    }
    pthread_mutex_unlock(&commands->lock);
    return task;
}

// A connection that has been idle may have ended, so a failure on one is followed by another try.
static void run_task(const struct api_commands *commands, struct control_channel **channel,
                     struct api_task *task)
{
    char reason[CONTROL_REASON_MAX];
    bool is_fresh;

    do {
        is_fresh = !*channel;
        if (is_fresh)
            *channel = control_channel_open(commands->redis, reason);
        if (*channel) {
            if (task->run(task, *channel))
                return;
            memcpy(reason, control_channel_reason(*channel), sizeof(reason));
            control_channel_close(*channel);
            *channel = NULL;
        }
    } while (!is_fresh);
    task->on_failure(task, reason);
}

static void *serve(void *arg)
{
    struct api_commands *commands = arg;
    struct control_channel *channel = NULL;
    struct api_task *task;

    while ((task = next_task(commands)))
        run_task(commands, &channel, task);
    control_channel_close(channel);
    return NULL;
}

struct api_commands *api_commands_new(const struct redis_settings *redis)
{
    struct api_commands *commands = mem_zalloc(sizeof(*commands));

    commands->redis = redis;
    list_init(&commands->tasks);
    pthread_mutex_init(&commands->lock, NULL);
    pthread_cond_init(&commands->changed, NULL);
    while (commands->started < THREADS &&
           thread_start(&commands->threads[commands->started], serve, commands))
        commands->started++;
    if (commands->started == THREADS)
        return commands;
    api_commands_free(commands);
    return NULL;
}

void api_commands_stop(struct api_commands *commands)
{
    if (!commands)
        return;
    pthread_mutex_lock(&commands->lock);
    commands->stopping = true;
    pthread_cond_broadcast(&commands->changed);
    pthread_mutex_unlock(&commands->lock);
    while (commands->started > 0)
        pthread_join(commands->threads[--commands->started], NULL);
    list_for_each (node, &commands->tasks) {
        struct api_task *task = list_entry(node, struct api_task, node);
        list_unlink(node);
        task->on_failure(task, NULL);
    }
}

void api_commands_free(struct api_commands *commands)
{
    if (!commands)
        return;
    api_commands_stop(commands);
    pthread_cond_destroy(&commands->changed);
    pthread_mutex_destroy(&commands->lock);
    free(commands);
}

void api_commands_submit(struct api_commands *commands, struct api_task *task)
{
    list_init(&task->node);
    pthread_mutex_lock(&commands->lock);
    bool stopping = commands->stopping;
    if (!stopping)
        list_append(&commands->tasks, &task->node);
    pthread_cond_signal(&commands->changed);
    pthread_mutex_unlock(&commands->lock);
    if (stopping)
        task->on_failure(task, NULL);
}
