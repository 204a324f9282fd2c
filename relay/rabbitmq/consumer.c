#include "relay/rabbitmq/consumer.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/rabbitmq/consumer_internal.h"
#include "relay/rabbitmq/incoming.h"

#define LOG_MODULE "rabbitmq"
#include "common/log.h"

#define BACKLOG_MAX_BYTES        ((size_t)16 * 1024 * 1024) // delivered before all queues are consumed
#define KEEP_ALIVE_MS            2000
#define DECLARATIONS_HEARTBEAT_S 30

static struct topology *new_topology(struct consumer *s)
{
    const struct consumer_options *o = &s->options;
    struct topology_options options = {
        .rabbit = o->rabbit,
        .exchanges = o->exchanges,
        .routes = o->routes,
        .queue_type = o->queue_type,
        .between = o->between,
        .arg = o->arg,
    };

    options.rabbit.name = "websocket-gateway relay, declarations";
    options.rabbit.heartbeat_s = DECLARATIONS_HEARTBEAT_S;
    return topology_new(&options);
}

struct consumer *consumer_new(const struct consumer_options *options)
{
    struct consumer *s = mem_zalloc(sizeof(*s));

    s->options = *options;
    s->prefetch = options->prefetch;
    s->topology = new_topology(s);
    s->intakes = mem_zalloc(options->routes->count * sizeof(*s->intakes));
    for (size_t i = 0; i < options->routes->count; i++)
        s->intakes[i].fault = (struct outage_log){.module = "relay", .what = "a queue"};
    return s;
}

const char *consumer_queue(const struct consumer *s, size_t i)
{
    return s->options.routes->items[i].queue;
}

void consumer_release(struct consumer *s)
{
    rabbit_close(s->rabbit);
    s->rabbit = NULL;
    s->active = false;
    for (size_t i = 0; i < s->options.routes->count; i++)
        s->intakes[i].consumed = false;
}

void consumer_disconnect(struct consumer *s)
{
    consumer_release(s);
    topology_drop(s->topology);
}

void consumer_free(struct consumer *s)
{
    if (!s)
        return;
    consumer_release(s);
    topology_free(s->topology);
    free(s->intakes);
    free(s);
}

bool consumer_connected(const struct consumer *s)
{
    return s->active ? s->rabbit != NULL : topology_connected(s->topology);
}

void consumer_lose(struct consumer *s)
{
    s->prefetch = s->options.prefetch;
    if (rabbit_has_refused_unreadable(s->rabbit)) {
        log_error("an event is refused for good reason=%s", rabbit_reason(s->rabbit));
        s->options.on_unreadable(s->options.arg);
    }
    rabbit_hosts_log(s->options.rabbit.hosts, rabbit_reason(s->rabbit));
    consumer_disconnect(s);
}

static const struct route *route_of(const struct consumer *s, struct span consumer)
{
    const struct routes *routes = s->options.routes;
    uint64_t i;

    return span_take_uint(&consumer, routes->count - 1, &i) ? &routes->items[i] : NULL;
}

static enum consumer_take take_message(struct consumer *s, const struct rabbit_message *message,
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
    return out->route ? CONSUMER_EVENT : CONSUMER_NONE;
}

enum consumer_take consumer_take(struct consumer *s, uint32_t wait_ms, struct event *out)
{
    struct rabbit_message message;

    if (!s->rabbit)
        return CONSUMER_LOST;
    switch (rabbit_next(s->rabbit, wait_ms, &message)) {
    case RABBIT_DELIVERY:
        return take_message(s, &message, out);
    case RABBIT_CANCELLED:
    case RABBIT_GONE:
        consumer_lose(s);
        return CONSUMER_LOST;
    case RABBIT_BLOCKED:
        log_warn("RabbitMQ is short of memory or disk and takes no publications");
        return CONSUMER_NONE;
    case RABBIT_UNBLOCKED:
        log_info("RabbitMQ takes publications again");
        return CONSUMER_NONE;
    default:
        return CONSUMER_NONE;
    }
}

bool consumer_has_more(const struct consumer *s)
{
    return s->rabbit && rabbit_has_more(s->rabbit);
}

// With one delivery from each queue what is held has a bound anyway.
static size_t backlog_max(const struct consumer *s)
{
    return s->prefetch > 1 ? BACKLOG_MAX_BYTES : SIZE_MAX;
}

enum rabbit_status consumer_consume(struct consumer *s, size_t i)
{
    char consumer[21];

    snprintf(consumer, sizeof(consumer), "%zu", i); // says which route a delivery is of
    enum rabbit_status status = rabbit_consume(s->rabbit, consumer_queue(s, i), consumer,
                                               !s->intakes[i].shared, backlog_max(s));
    s->intakes[i].consumed = status == RABBIT_OK;
    return status;
}

// A route that was left out. It is tried over the other connection first, where a refusal hurts
// nobody.
static void retry(struct consumer *s, size_t i)
{
    struct intake *intake = &s->intakes[i];

    if (!topology_has_queue(s->topology, i) ||
        !topology_may_consume(s->topology, i, !intake->shared))
        return;
    intake->refused = false;
    outage_log_end(&intake->fault);
    if (consumer_consume(s, i) != RABBIT_OK)
        consumer_lose(s);
}

void consumer_tend(struct consumer *s)
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

size_t consumer_left_out(const struct consumer *s, size_t *first)
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

size_t consumer_refused_bindings(const struct consumer *s)
{
    return topology_refused_bindings(s->topology);
}

uint64_t consumer_count_waiting(struct consumer *s)
{
    struct rabbit_queue_state state;
    uint64_t sum = 0;

    for (size_t i = 0; i < s->options.routes->count; i++)
        if (topology_has_queue(s->topology, i) && topology_inspect_queue(s->topology, i, &state))
            sum += state.waiting;
    return sum;
}

uint16_t consumer_prefetch(const struct consumer *s)
{
    return s->prefetch;
}

void consumer_ack(struct consumer *s, uint64_t tag, bool up_to)
{
    if (!s->rabbit)
        return;
    s->alive_ms = clock_monotonic_ms();
    if (!rabbit_ack(s->rabbit, tag, up_to))
        consumer_lose(s);
}

void consumer_reject(struct consumer *s, uint64_t tag)
{
    if (s->rabbit && !rabbit_reject(s->rabbit, tag))
        consumer_lose(s);
}

void consumer_keep_alive(struct consumer *s)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms - s->alive_ms < KEEP_ALIVE_MS)
        return;
    s->alive_ms = now_ms;
    topology_keep_alive(s->topology);
    if (s->rabbit && !rabbit_send_heartbeat(s->rabbit))
        consumer_lose(s);
}

void consumer_leave(struct consumer *s)
{
    consumer_disconnect(s);
    s->standby_logged = false;
}
