#define LOG_MODULE "edge"

#include "edge/edge_drain.h"

#include "common/clock.h"
#include "common/log.h"

#define STEP_MS 100

// How many clients may still be connected at this moment. Falls linearly from all of them to 0.
static size_t allowed_now(const struct edge_drain *drain)
{
    uint64_t past_ms = clock_monotonic_ms() - drain->began_ms;

    if (past_ms >= drain->length_ms)
        return 0;
    return (size_t)(drain->clients * (drain->length_ms - past_ms) / drain->length_ms);
}

static void on_step(struct deadline *step, void *arg)
{
    struct edge_drain *drain = arg;
    size_t clients = eio_server_session_count(drain->engine), allowed = allowed_now(drain);

    if (clients == 0) {
        drain->on_drained(drain->arg);
        return;
    }
    if (clients > allowed)
        eio_server_close_some(drain->engine, clients - allowed, EIO_SHUTTING_DOWN);
    deadline_arm(step, &drain->steps);
}

void edge_drain_init(struct edge_drain *drain, struct deadlines *deadlines,
                     void (*on_drained)(void *arg), void *arg)
{
    *drain = (struct edge_drain){.on_drained = on_drained, .arg = arg};
    deadline_queue_init(&drain->steps, deadlines, STEP_MS, on_step, drain);
    deadline_init(&drain->step);
}

void edge_drain_fini(struct edge_drain *drain)
{
    deadline_queue_fini(&drain->steps);
}

void edge_drain_begin(struct edge_drain *drain, struct eio_server *engine, unsigned seconds)
{
    drain->engine = engine;
    drain->length_ms = (uint64_t)seconds * 1000;
    drain->began_ms = clock_monotonic_ms();
    drain->clients = eio_server_session_count(engine);
    log_info("draining clients=%zu seconds=%u", drain->clients, seconds);
    eio_server_refuse_new(engine);
    on_step(&drain->step, drain);
}
