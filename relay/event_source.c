#include "relay/event_source.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/event_source_internals.h"

#define LOG_MODULE "rabbitmq"
#include "common/log.h"

#define KEEP_ALIVE_MS            2000
#define DECLARATIONS_HEARTBEAT_S 30

static struct topology *new_topology(struct event_source *s)
{
    const struct event_source_options *o = &s->options;
    struct topology_options options = {
        .rabbit = o->rabbit,
        .exchanges = o->exchanges,
        .routes = o->routes,
        .queue_type = o->queue_type,
        .outage = &s->outage,
        .between = o->between,
        .arg = o->arg,
    };

    options.rabbit.name = "websocket-gateway relay, declarations";
    options.rabbit.heartbeat_s = DECLARATIONS_HEARTBEAT_S;
    return topology_new(&options);
}

struct event_source *event_source_new(const struct event_source_options *options)
{
    struct event_source *s = mem_zalloc(sizeof(*s));

    s->options = *options;
    s->prefetch = options->prefetch;
    s->outage.what = "RabbitMQ";
    s->outage.settings = "RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD and "
                         "RABBITMQ_VHOST";
    s->topology = new_topology(s);
    s->intakes = mem_zalloc(options->routes->count * sizeof(*s->intakes));
    for (size_t i = 0; i < options->routes->count; i++)
        s->intakes[i].fault.what = "RabbitMQ";
    return s;
}

const char *source_queue(const struct event_source *s, size_t i)
{
    return s->options.routes->items[i].queue;
}

void source_release(struct event_source *s)
{
    rabbit_close(s->rabbit);
    s->rabbit = NULL;
    s->active = false;
    for (size_t i = 0; i < s->options.routes->count; i++)
        s->intakes[i].consumed = false;
}

void source_disconnect(struct event_source *s)
{
    source_release(s);
    topology_drop(s->topology);
}

void event_source_free(struct event_source *s)
{
    if (!s)
        return;
    source_release(s);
    topology_free(s->topology);
    free(s->intakes);
    free(s);
}

bool event_source_connected(const struct event_source *s)
{
    return s->active ? s->rabbit != NULL : topology_connected(s->topology);
}

void source_lose(struct event_source *s)
{
    s->prefetch = s->options.prefetch;
    outage_begin(&s->outage, rabbit_reason(s->rabbit));
    source_disconnect(s);
}

static const struct route *route_of(const struct event_source *s, struct span consumer)
{
    const struct routes *routes = s->options.routes;
    uint64_t i;

    return span_take_uint(&consumer, routes->count - 1, &i) ? &routes->items[i] : NULL;
}

static enum source_take take_message(struct event_source *s, const struct rabbit_message *message,
                                     struct event *out)
{
    *out = (struct event){
        .route = route_of(s, message->consumer),
        .tag = message->tag,
        .redelivered = message->redelivered,
        .exchange = message->exchange,
        .routing_key = message->routing_key,
        .message_id = message->message_id,
        .traceparent = message->traceparent,
        .properties = message->properties,
        .body = message->body,
        .missing_bytes = message->body_size - message->body.len,
        .received_ms = clock_wall_ms(),
    };
    return out->route ? SOURCE_EVENT : SOURCE_NONE;
}

enum source_take event_source_take(struct event_source *s, uint32_t wait_ms, struct event *out)
{
    struct rabbit_message message;

    if (!s->rabbit)
        return SOURCE_LOST;
    switch (rabbit_next(s->rabbit, wait_ms, &message)) {
    case RABBIT_DELIVERY:
        return take_message(s, &message, out);
    case RABBIT_CANCELLED:
    case RABBIT_GONE:
        source_lose(s);
        return SOURCE_LOST;
    case RABBIT_BLOCKED:
        log_warn("RabbitMQ is short of memory or disk and takes no publications");
        return SOURCE_NONE;
    case RABBIT_UNBLOCKED:
        log_info("RabbitMQ takes publications again");
        return SOURCE_NONE;
    default:
        return SOURCE_NONE;
    }
}

bool event_source_has_more(const struct event_source *s)
{
    return s->rabbit && rabbit_has_more(s->rabbit);
}

// A route that was left out. It is tried over the other connection first, where a refusal hurts
// nobody.
static void retry(struct event_source *s, size_t i)
{
    struct intake *intake = &s->intakes[i];

    if (!topology_has_queue(s->topology, i) ||
        !topology_may_consume(s->topology, i, !intake->shared))
        return;
    intake->refused = false;
    outage_end(&intake->fault);
    if (source_consume(s, i) != RABBIT_OK)
        source_lose(s);
}

void event_source_tend(struct event_source *s)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!s->active)
        return;
    topology_tend(s->topology);
    if (now_ms < s->retry_refused_ms)
        return;
    s->retry_refused_ms = now_ms + RETRY_REFUSED_MS;
    for (size_t i = 0; i < s->options.routes->count && s->active; i++)
        if (!s->intakes[i].consumed)
            retry(s, i);
}

size_t event_source_left_out(const struct event_source *s, size_t *first)
{
    size_t count = 0;

    for (size_t i = 0; i < s->options.routes->count && s->active; i++) {
        if (s->intakes[i].consumed)
            continue;
        if (count++ == 0)
            *first = i;
    }
    return count;
}

size_t event_source_refused_bindings(const struct event_source *s)
{
    return topology_refused_bindings(s->topology);
}

uint64_t event_source_count_waiting(struct event_source *s)
{
    struct rabbit_queue_state state;
    uint64_t sum = 0;

    for (size_t i = 0; i < s->options.routes->count; i++)
        if (topology_has_queue(s->topology, i) && topology_look(s->topology, i, &state))
            sum += state.waiting;
    return sum;
}

void event_source_ack(struct event_source *s, uint64_t tag, bool up_to)
{
    if (!s->rabbit)
        return;
    s->alive_ms = clock_monotonic_ms();
    if (!rabbit_ack(s->rabbit, tag, up_to))
        source_lose(s);
}

void event_source_reject(struct event_source *s, uint64_t tag)
{
    if (s->rabbit && !rabbit_reject(s->rabbit, tag))
        source_lose(s);
}

void event_source_keep_alive(struct event_source *s)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms - s->alive_ms < KEEP_ALIVE_MS)
        return;
    s->alive_ms = now_ms;
    topology_keep_alive(s->topology);
    if (s->rabbit && !rabbit_send_heartbeat(s->rabbit))
        source_lose(s);
}

void event_source_leave(struct event_source *s)
{
    source_disconnect(s);
    s->told_standby = false;
}
