#include "common/deadlines.h"

#define LATENESS_DIVISOR 1000
#define MOMENT_MS        100

static struct deadline *first_of(const struct deadline_queue *queue)
{
    return list_entry(queue->waiting.next, struct deadline, node);
}

void deadlines_init(struct deadlines *clock, uint64_t now_ms)
{
    *clock = (struct deadlines){.now_ms = now_ms};
    list_init(&clock->queues);
}

void deadlines_read_from(struct deadlines *clock, uint64_t (*read_ms)(void *arg), void *arg)
{
    clock->read_ms = read_ms;
    clock->arg = arg;
}

uint64_t deadlines_now(const struct deadlines *clock)
{
    return clock->read_ms ? clock->read_ms(clock->arg) : clock->now_ms;
}

void deadline_queue_init(struct deadline_queue *queue, struct deadlines *clock, uint64_t length_ms,
                         deadline_fn on_due, void *arg)
{
    list_init(&queue->waiting);
    queue->length_ms = length_ms;
    queue->on_due = on_due;
    queue->arg = arg;
    queue->clock = clock;
    list_append(&clock->queues, &queue->entry);
}

void deadline_queue_fini(struct deadline_queue *queue)
{
    list_for_each (node, &queue->waiting)
        list_unlink(node);
    list_unlink(&queue->entry);
}

void deadline_init(struct deadline *deadline)
{
    list_init(&deadline->node);
}

static void arm(struct deadline *deadline, struct deadline_queue *queue, uint64_t since_ms)
{
    list_unlink(&deadline->node);
    deadline->due_ms = since_ms + queue->length_ms;
    list_append(&queue->waiting, &deadline->node);
}

void deadline_arm(struct deadline *deadline, struct deadline_queue *queue)
{
    arm(deadline, queue, deadlines_now(queue->clock));
}

// The queue may be unsorted by up to MOMENT_MS then: the deadline can stand behind one that is due
// a little later, and falls due with it.
void deadline_arm_next(struct deadline *deadline, struct deadline_queue *queue)
{
    uint64_t now_ms = deadlines_now(queue->clock);
    bool is_recent = deadline->due_ms <= now_ms && now_ms - deadline->due_ms <= MOMENT_MS;

    arm(deadline, queue, is_recent ? deadline->due_ms : now_ms);
}

void deadline_cancel(struct deadline *deadline)
{
    list_unlink(&deadline->node);
}

bool deadline_is_armed(const struct deadline *deadline)
{
    return !list_empty(&deadline->node);
}

// Takes all due deadlines out first. One that `on_due` arms again waits for a later run, even with
// length 0.
static void run_queue(struct deadline_queue *queue, uint64_t now_ms)
{
    struct list due;

    list_init(&due);
    while (!list_empty(&queue->waiting) && first_of(queue)->due_ms <= now_ms) {
        struct list *node = queue->waiting.next;
        list_unlink(node);
        list_append(&due, node);
    }
    while (!list_empty(&due)) {
        struct deadline *deadline = list_entry(due.next, struct deadline, node);
        list_unlink(&deadline->node);
        queue->on_due(deadline, queue->arg);
    }
}

void deadlines_run(struct deadlines *clock, uint64_t now_ms)
{
    clock->now_ms = now_ms;
    list_for_each (entry, &clock->queues)
        run_queue(list_entry(entry, struct deadline_queue, entry), now_ms);
}

uint64_t deadlines_next_ms(const struct deadlines *clock)
{
    uint64_t next = UINT64_MAX;

    list_for_each (entry, &clock->queues) {
        struct deadline_queue *queue = list_entry(entry, struct deadline_queue, entry);
        if (list_empty(&queue->waiting))
            continue;
        uint64_t latest = first_of(queue)->due_ms + queue->length_ms / LATENESS_DIVISOR;
        if (latest < next)
            next = latest;
    }
    return next;
}
