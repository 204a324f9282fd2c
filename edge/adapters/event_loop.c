#include "edge/adapters/event_loop.h"

#include <assert.h>

static uint64_t read_ms(void *arg)
{
    struct event_loop *loop = arg;

    return uv_now(&loop->uv);
}

static void on_wake(uv_timer_t *timer)
{
    struct event_loop *loop = container_of(timer, struct event_loop, wake);

    loop->wake_at_ms = UINT64_MAX;
    deadlines_run(&loop->deadlines, uv_now(&loop->uv));
}

static void schedule_wake(struct event_loop *loop)
{
    uint64_t next = deadlines_next_ms(&loop->deadlines);

    if (next == loop->wake_at_ms)
        return;
    loop->wake_at_ms = next;
    if (next == UINT64_MAX) {
        uv_timer_stop(&loop->wake);
        return;
    }
    uint64_t now = uv_now(&loop->uv);
    uv_timer_start(&loop->wake, on_wake, next > now ? next - now : 0, 0);
}

static void on_again(uv_idle_t *handle)
{
    uv_idle_stop(handle); // a hook of this turn may start it again
}

// Runs the hooks, and then sets the timer: hooks may arm deadlines.
static void on_turn_end(uv_prepare_t *handle)
{
    struct event_loop *loop = container_of(handle, struct event_loop, turn_end);

    list_for_each (entry, &loop->turn_hooks) {
        struct turn_hook *hook = list_entry(entry, struct turn_hook, entry);
        hook->fn(hook->arg);
    }
    uv_update_time(&loop->uv); // after a long fan-out the loop would sleep too long otherwise
    schedule_wake(loop);
}

void event_loop_init(struct event_loop *loop)
{
    int rc = uv_loop_init(&loop->uv);
    assert(rc == 0);
    (void)rc;

    deadlines_init(&loop->deadlines, uv_now(&loop->uv));
    deadlines_read_from(&loop->deadlines, read_ms, loop);
    list_init(&loop->turn_hooks);
    loop->wake_at_ms = UINT64_MAX;
    uv_timer_init(&loop->uv, &loop->wake);
    uv_idle_init(&loop->uv, &loop->again);
    uv_prepare_init(&loop->uv, &loop->turn_end);
    uv_prepare_start(&loop->turn_end, on_turn_end);
}

void event_loop_add_hook(struct event_loop *loop, struct turn_hook *hook, void (*fn)(void *arg),
                         void *arg)
{
    hook->fn = fn;
    hook->arg = arg;
    list_append(&loop->turn_hooks, &hook->entry);
}

void event_loop_remove_hook(struct turn_hook *hook)
{
    list_unlink(&hook->entry);
}

void event_loop_come_back(struct event_loop *loop)
{
    uv_idle_start(&loop->again, on_again);
}

void event_loop_run(struct event_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void event_loop_stop(struct event_loop *loop)
{
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->again, NULL);
    uv_close((uv_handle_t *)&loop->turn_end, NULL);
}

void event_loop_fini(struct event_loop *loop)
{
    int rc = uv_loop_close(&loop->uv);
    assert(rc == 0); // UV_EBUSY: somebody forgot to close a handle
    (void)rc;
}
