#include "relay/api/api_commands.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/thread.h"

#define RETRY_MS 1000 // after Redis could not be reached

struct worker {
    struct api_commands *commands;
    pthread_t thread;
    uint64_t since_ms; // that it has had its task, under `lock`; 0: it has none
};

struct api_commands {
    const struct redis_settings *redis;
    uint32_t wait_ms;
    struct worker workers[API_COMMANDS_THREADS_MAX];
    size_t started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    // Under `lock`.
    struct list tasks; // the oldest first
    bool stopping;
    uint64_t retry_ms;               // before that Redis is not tried again
    char reason[CONTROL_REASON_MAX]; // why it could not be reached
};

// ---- waiting

static void fail_late(struct api_task *task)
{
    task->on_failure(task, API_TASK_NOT_BEGUN, "those before it still wait for answers");
}

// Waits for a task. NULL: the relay is stopping.
static struct api_task *next_task(struct worker *worker)
{
    struct api_commands *commands = worker->commands;
    struct api_task *task = NULL;

    pthread_mutex_lock(&commands->lock);
    worker->since_ms = 0;
    while (list_empty(&commands->tasks) && !commands->stopping)
        pthread_cond_wait(&commands->changed, &commands->lock);
    if (!commands->stopping) {
        task = list_entry(commands->tasks.next, struct api_task, node);
        list_unlink(&task->node);
        worker->since_ms = clock_monotonic_ms();
    }
    pthread_mutex_unlock(&commands->lock);
    return task;
}

// True if all threads have been at one task for so long that those who wait are late too.
static bool is_stuck(const struct api_commands *commands, uint64_t now_ms)
{
    for (size_t i = 0; i < commands->started; i++) {
        uint64_t since_ms = commands->workers[i].since_ms;
        if (since_ms == 0 || now_ms < since_ms + commands->wait_ms)
            return false;
    }
    return true;
}

// ---- Redis

// Returns NULL, with the reason, if Redis cannot be reached, or could not be a moment ago.
static struct control_channel *reach(struct api_commands *commands, char why[CONTROL_REASON_MAX])
{
    pthread_mutex_lock(&commands->lock);
    bool wait = clock_monotonic_ms() < commands->retry_ms;
    if (wait)
        memcpy(why, commands->reason, CONTROL_REASON_MAX);
    pthread_mutex_unlock(&commands->lock);
    if (wait)
        return NULL;

    struct control_channel *channel = control_channel_open(commands->redis, why);
    if (channel)
        return channel;
    pthread_mutex_lock(&commands->lock);
    commands->retry_ms = clock_monotonic_ms() + RETRY_MS;
    memcpy(commands->reason, why, CONTROL_REASON_MAX);
    pthread_mutex_unlock(&commands->lock);
    return NULL;
}

// A connection that has been idle may have ended, so a failure on one is followed by another try,
// unless it took all the time that there is.
static void run_task(struct api_commands *commands, struct control_channel **channel,
                     struct api_task *task)
{
    enum api_failure failure = API_TASK_NOT_BEGUN;
    char reason[CONTROL_REASON_MAX];
    bool is_fresh;

    do {
        is_fresh = !*channel;
        if (is_fresh)
            *channel = reach(commands, reason);
        if (*channel) {
            if (task->run(task, *channel))
                return;
            failure = API_TASK_FAILED;
            memcpy(reason, control_channel_reason(*channel), sizeof(reason));
            control_channel_close(*channel);
            *channel = NULL;
        }
    } while (!is_fresh && clock_monotonic_ms() < task->due_ms);
    task->on_failure(task, failure, reason);
}

// ---- the threads

static void *serve(void *arg)
{
    struct worker *worker = arg;
    struct control_channel *channel = NULL;
    struct api_task *task;

    while ((task = next_task(worker))) {
        if (clock_monotonic_ms() < task->due_ms)
            run_task(worker->commands, &channel, task);
        else
            fail_late(task);
    }
    control_channel_close(channel);
    return NULL;
}

struct api_commands *api_commands_new(const struct redis_settings *redis, size_t threads,
                                      uint32_t wait_ms)
{
    struct api_commands *commands = mem_zalloc(sizeof(*commands));

    commands->redis = redis;
    commands->wait_ms = wait_ms;
    list_init(&commands->tasks);
    pthread_mutex_init(&commands->lock, NULL);
    pthread_cond_init(&commands->changed, NULL);
    while (commands->started < threads) {
        struct worker *worker = &commands->workers[commands->started];
        worker->commands = commands;
        if (!thread_start(&worker->thread, serve, worker))
            break;
        commands->started++;
    }
    if (commands->started == threads)
        return commands;
    api_commands_free(commands);
    return NULL;
}

void api_commands_stop(struct api_commands *commands)
{
    struct list left;

    if (!commands)
        return;
    pthread_mutex_lock(&commands->lock);
    commands->stopping = true;
    list_move_all(&commands->tasks, &left);
    pthread_cond_broadcast(&commands->changed);
    pthread_mutex_unlock(&commands->lock);
    list_for_each (node, &left) {
        struct api_task *task = list_entry(node, struct api_task, node);
        list_unlink(node);
        task->on_failure(task, API_TASK_STOPPING, NULL);
    }
    while (commands->started > 0)
        pthread_join(commands->workers[--commands->started].thread, NULL);
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

void api_commands_check(struct api_commands *commands)
{
    uint64_t now_ms = clock_monotonic_ms();
    struct list late;

    list_init(&late);
    pthread_mutex_lock(&commands->lock);
    list_for_each (node, &commands->tasks) {
        if (now_ms < list_entry(node, struct api_task, node)->due_ms)
            break;
        list_unlink(node);
        list_append(&late, node);
    }
    pthread_mutex_unlock(&commands->lock);
    list_for_each (node, &late) {
        list_unlink(node);
        fail_late(list_entry(node, struct api_task, node));
    }
}

void api_commands_submit(struct api_commands *commands, struct api_task *task)
{
    uint64_t now_ms = clock_monotonic_ms();

    list_init(&task->node);
    task->due_ms = now_ms + commands->wait_ms;
    pthread_mutex_lock(&commands->lock);
    bool stopping = commands->stopping;
    bool stuck = !stopping && is_stuck(commands, now_ms);
    if (!stopping && !stuck)
        list_append(&commands->tasks, &task->node);
    pthread_cond_signal(&commands->changed);
    pthread_mutex_unlock(&commands->lock);
    if (stopping)
        task->on_failure(task, API_TASK_STOPPING, NULL);
    else if (stuck)
        fail_late(task);
}
