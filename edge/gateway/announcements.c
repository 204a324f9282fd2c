#include "edge/gateway/announcements.h"

#include "common/clock.h"
#include "edge/socketio/namespace.h"

#define ANNOUNCE_MS 2000

// Sets the gauge of how many seconds back the tail has everything that was logged. A tail that has
// dropped nothing has no such limit; the gauge then shows reach_max_s, which is all that recovery
// needs.
static void observe_reach(struct announcements *announcements)
{
    struct delivery_metrics *metrics = &announcements->metrics->delivery;
    uint64_t reach_s = announcements->reach_max_s;

    if (!announcements->tail)
        return;
    log_tail_observe(announcements->tail);
    uint64_t since_ms = metric_get(&metrics->tail.reach_at_ms), now_ms = clock_wall_ms();
    if (since_ms > 0)
        reach_s = now_ms > since_ms ? (now_ms - since_ms) / 1000 : 0;
    metric_set(&metrics->reach_s, reach_s);
}

void announcements_send(struct announcements *announcements)
{
    size_t rooms = rooms_count(sio_namespace_rooms(announcements->nsp));

    observe_reach(announcements);
    deadline_arm(&announcements->next, &announcements->due);
    metric_set(&announcements->metrics->rooms.rooms, rooms);
    bus_announce(announcements->bus, sio_namespace_socket_count(announcements->nsp), rooms);
    presence_beat(announcements->presence);
}

static void on_due(struct deadline *next, void *arg)
{
    (void)next;
    announcements_send(arg);
}

void announcements_start(struct announcements *announcements, struct deadlines *clock)
{
    deadline_queue_init(&announcements->due, clock, ANNOUNCE_MS, on_due, announcements);
    deadline_init(&announcements->next);
    deadline_arm(&announcements->next, &announcements->due);
}

void announcements_fini(struct announcements *announcements)
{
    deadline_queue_fini(&announcements->due);
}
