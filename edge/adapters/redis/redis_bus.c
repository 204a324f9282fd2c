#define LOG_MODULE "redis_bus"

#include "edge/adapters/redis/redis_bus.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/redis/redis_bus_internal.h"

#define FLUSH_MS 1000 // how long closing waits for answers

static const struct bus_ops ops = {
    .publish = redis_bus_publish,
    .publish_control = redis_bus_publish_control,
    .read = redis_bus_read,
    .read_newest = redis_bus_read_newest,
    .announce = redis_bus_announce,
    .store_revocation = redis_bus_store_revocation,
    .tell = redis_bus_tell,
};

struct redis_bus *redis_bus_new(const struct redis_bus_options *options, struct event_loop *loop,
                                struct redis_bus_metrics *metrics)
{
    struct redis_bus *bus = mem_zalloc(sizeof(*bus));

    bus->interface.ops = &ops;
    bus->options = options;
    bus->loop = loop;
    bus->metrics = metrics;
    bus->outage = (struct outage_log){
        .module = LOG_MODULE,
        .what = options->what,
        .remedy = redis_settings_remedy(options->redis),
    };
    bus->lookup.on_done = redis_bus_on_address;
    bus->lookup.arg = bus;
    uv_timer_init(&loop->uv, &bus->timer);
    bus->open_handles = 1;
    return bus;
}

struct bus *redis_bus_interface(struct redis_bus *bus)
{
    return &bus->interface;
}

void redis_bus_start(struct redis_bus *bus)
{
    redis_bus_resolve(bus);
}

// ---- closing

void redis_bus_finish_closing(struct redis_bus *bus)
{
    if (bus->state == CLOSING && bus->open_handles == 0 && !bus->lookup.busy)
        bus->on_closed(bus->on_closed_arg);
}

void redis_bus_on_handle_closed(void *arg)
{
    struct redis_bus *bus = arg;

    bus->open_handles--;
    redis_bus_finish_closing(bus);
}

static void on_timer_closed(uv_handle_t *handle)
{
    redis_bus_on_handle_closed(container_of((uv_timer_t *)handle, struct redis_bus, timer));
}

void redis_bus_end(struct redis_bus *bus)
{
    redis_bus_drop_links(bus);
    uv_close((uv_handle_t *)&bus->timer, on_timer_closed);
}

static void on_flush_timeout(uv_timer_t *timer)
{
    struct redis_bus *bus = container_of(timer, struct redis_bus, timer);

    log_warn("Redis does not answer; what was published last may be lost bytes=%zu",
             bus->pending_bytes);
    redis_bus_end(bus);
}

// The answer to the last command of all: every command before it was answered too.
static void on_last_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)value, (void)tag;
    redis_bus_end(arg);
}

void redis_bus_close(struct redis_bus *bus, void (*on_closed)(void *arg), void *arg)
{
    bool was_up = bus->state == UP;

    bus->state = CLOSING;
    if (bus->options->presence)
        redis_presence_on_down(bus->options->presence); // timers of it may still run
    bus->on_closed = on_closed;
    bus->on_closed_arg = arg;
    metric_set(&bus->metrics->connected, 0);
    host_lookup_cancel(&bus->lookup);
    if (!was_up) {
        redis_bus_end(bus);
        return;
    }
    uv_timer_start(&bus->timer, on_flush_timeout, FLUSH_MS, 0);
    redis_bus_unlist(bus);
    redis_connection_send(bus->links[COMMANDS], on_last_answer, 0, "DEL %s%s",
                          bus->options->names->edges, bus->options->edge_id);
}

void redis_bus_free(struct redis_bus *bus)
{
    free(bus);
}
