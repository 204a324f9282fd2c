#include "relay/event_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/outage.h"

#define LOG_MODULE "rabbitmq"
#include "common/log.h"

#define KEEP_ALIVE_MS     2000
#define CODE_REFUSED      403
#define CODE_PRECONDITION 406
#define HELD_MAX_BYTES    ((size_t)16 * 1024 * 1024) // delivered before all queues are consumed
#define PREFETCH_DIVISOR  8

struct event_source {
    struct event_source_options options;
    struct rabbit *rabbit; // NULL: not connected
    bool declared;         // and all exchanges, queues and bindings are there
    bool active;
    uint16_t prefetch; // what is asked for now; less than the option where events are large
    bool told_standby;
    uint64_t alive_ms; // when the broker last heard of us for sure
    struct outage outage;
};

struct event_source *event_source_new(const struct event_source_options *options)
{
    struct event_source *s = mem_zalloc(sizeof(*s));

    s->options = *options;
    s->prefetch = options->prefetch;
    s->outage.what = "RabbitMQ";
    s->outage.settings = "RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD and "
                         "RABBITMQ_VHOST";
    return s;
}

static void disconnect(struct event_source *s)
{
    rabbit_close(s->rabbit);
    s->rabbit = NULL;
    s->declared = false;
    s->active = false;
}

void event_source_free(struct event_source *s)
{
    if (!s)
        return;
    disconnect(s);
    free(s);
}

bool event_source_connected(const struct event_source *s)
{
    return s->rabbit && s->declared;
}

static void lose(struct event_source *s)
{
    s->prefetch = s->options.prefetch;
    outage_begin(&s->outage, rabbit_reason(s->rabbit));
    disconnect(s);
}

// What an operator can do about a refused step.
static const char *way_out(int code)
{
    switch (code) {
    case CODE_REFUSED:
        return "; grant RABBITMQ_USER configure, write and read on it";
    case CODE_PRECONDITION:
        return "; delete it or declare it as it must be: exchanges durable topic, queues durable "
               "without arguments";
    default:
        return "";
    }
}

// Names the step that failed, logs it when it is new, and gives up the connection.
static bool step_done(struct event_source *s, enum rabbit_status status, const char *step,
                      struct span name)
{
    char reason[OUTAGE_REASON_MAX];

    if (status == RABBIT_OK)
        return true;
    if (status == RABBIT_REFUSED) {
        snprintf(reason, sizeof(reason), "cannot %s " SPAN_FMT ": %.180s%s", step, SPAN_ARG(name),
                 rabbit_reason(s->rabbit), way_out(rabbit_code(s->rabbit)));
        outage_begin(&s->outage, reason);
        disconnect(s);
    } else {
        lose(s);
    }
    return false;
}

static bool next_exchange(struct span *rest, struct span *name)
{
    while (span_take_until(rest, ',', name)) {
        *name = span_trim(*name);
        if (name->len > 0)
            return true;
    }
    return false;
}

static bool declare_exchanges(struct event_source *s)
{
    struct span rest = span_of(s->options.exchanges), name;

    while (next_exchange(&rest, &name)) {
        if (!step_done(s, rabbit_declare_exchange(s->rabbit, name), "declare exchange", name))
            return false;
        s->options.between(s->options.arg);
    }
    return true;
}

static bool bind_queue(struct event_source *s, const struct route *route)
{
    struct span rest = span_of(s->options.exchanges), exchange;

    while (next_exchange(&rest, &exchange)) {
        enum rabbit_status status =
            rabbit_bind(s->rabbit, route->queue, exchange, route->routing_key);
        if (!step_done(s, status, "bind queue", span_of(route->queue)))
            return false;
        s->options.between(s->options.arg);
    }
    return true;
}

static bool declare_queues(struct event_source *s)
{
    const struct routes *routes = s->options.routes;

    for (size_t i = 0; i < routes->count; i++) {
        const char *queue = routes->items[i].queue;
        enum rabbit_status status = rabbit_declare_queue(s->rabbit, queue);
        if (!step_done(s, status, "declare queue", span_of(queue)))
            return false;
        if (!bind_queue(s, &routes->items[i]))
            return false;
    }
    return true;
}

static bool connect_and_declare(struct event_source *s)
{
    char why[RABBIT_REASON_MAX];

    s->rabbit = rabbit_open(&s->options.rabbit, why);
    if (!s->rabbit) {
        outage_begin(&s->outage, why);
        return false;
    }
    s->options.between(s->options.arg);
    if (!declare_exchanges(s) || !declare_queues(s))
        return false;
    enum rabbit_status status = rabbit_set_prefetch(s->rabbit, s->prefetch);
    s->declared = step_done(s, status, "set the prefetch of", SPAN_LIT("the channel"));
    return s->declared;
}

// Somebody else consumes from `queue`. The broker has closed the channel and with it whatever
// was consumed before, so the next attempt starts anew with the first queue.
static enum source_state stand_by(struct event_source *s, const char *queue)
{
    if (!s->told_standby)
        log_info("standing by: another consumer holds the queue host=%s port=%d queue=%s",
                 s->options.rabbit.resolver->host, s->options.rabbit.port, queue);
    s->told_standby = true;
    outage_clear(&s->outage);
    if (rabbit_open_channel(s->rabbit) == RABBIT_OK &&
        rabbit_set_prefetch(s->rabbit, s->prefetch) == RABBIT_OK)
        return SOURCE_STANDBY;
    lose(s);
    return SOURCE_DOWN;
}

static bool is_held_by_another(const struct event_source *s)
{
    return rabbit_code(s->rabbit) == CODE_REFUSED && strstr(rabbit_reason(s->rabbit), "exclusive");
}

// With one delivery from each queue what is held has a bound anyway.
static size_t held_max(const struct event_source *s)
{
    return s->prefetch > 1 ? HELD_MAX_BYTES : SIZE_MAX;
}

// RabbitMQ sends up to the prefetch of one queue before it has answered about the next one.
static enum source_state lower_prefetch(struct event_source *s)
{
    s->prefetch =
        (uint16_t)(s->prefetch / PREFETCH_DIVISOR > 0 ? s->prefetch / PREFETCH_DIVISOR : 1);
    log_info("the events that wait are large: consuming anew with a smaller prefetch prefetch=%u",
             s->prefetch);
    rabbit_abandon(s->rabbit);
    disconnect(s);
    return SOURCE_DOWN;
}

static enum source_state consume_all(struct event_source *s)
{
    const struct routes *routes = s->options.routes;

    for (size_t i = 0; i < routes->count; i++) {
        const char *queue = routes->items[i].queue;
        char consumer[21];

        snprintf(consumer, sizeof(consumer), "%zu", i); // says which route a delivery is of
        enum rabbit_status status = rabbit_consume(s->rabbit, queue, consumer, held_max(s));
        if (status == RABBIT_TOO_MUCH)
            return lower_prefetch(s);
        if (status == RABBIT_REFUSED && is_held_by_another(s))
            return stand_by(s, queue);
        if (!step_done(s, status, "consume from queue", span_of(queue)))
            return SOURCE_DOWN;
        s->options.between(s->options.arg);
    }
    log_info("consuming from RabbitMQ host=%s port=%d queues=%zu prefetch=%u",
             s->options.rabbit.resolver->host, s->options.rabbit.port, routes->count, s->prefetch);
    outage_clear(&s->outage);
    s->active = true;
    s->told_standby = false;
    return SOURCE_ACTIVE;
}

enum source_state event_source_join(struct event_source *s)
{
    if (s->active)
        return SOURCE_ACTIVE;
    if (!s->rabbit && !connect_and_declare(s))
        return SOURCE_DOWN;
    s->alive_ms = clock_monotonic_ms();
    return consume_all(s);
}

static const struct route *route_of(const struct event_source *s, struct span consumer)
{
    size_t i = 0;

    for (size_t at = 0; at < consumer.len; at++)
        i = i * 10 + (size_t)(consumer.ptr[at] - '0');
    return i < s->options.routes->count ? &s->options.routes->items[i] : NULL;
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
        lose(s);
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

uint64_t event_source_count_waiting(struct event_source *s)
{
    const struct routes *routes = s->options.routes;
    uint64_t sum = 0;

    for (size_t i = 0; i < routes->count && s->rabbit; i++) {
        const char *queue = routes->items[i].queue;
        uint32_t count;
        enum rabbit_status status = rabbit_count_waiting(s->rabbit, queue, &count);
        if (!step_done(s, status, "look into queue", span_of(queue)))
            return 0;
        sum += count;
        s->options.between(s->options.arg);
    }
    return sum;
}

void event_source_ack(struct event_source *s, uint64_t tag, bool up_to)
{
    if (!s->rabbit)
        return;
    s->alive_ms = clock_monotonic_ms();
    if (!rabbit_ack(s->rabbit, tag, up_to))
        lose(s);
}

void event_source_reject(struct event_source *s, uint64_t tag)
{
    if (s->rabbit && !rabbit_reject(s->rabbit, tag))
        lose(s);
}

void event_source_keep_alive(struct event_source *s)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!s->rabbit || now_ms - s->alive_ms < KEEP_ALIVE_MS)
        return;
    s->alive_ms = now_ms;
    if (!rabbit_send_heartbeat(s->rabbit))
        lose(s);
}

void event_source_leave(struct event_source *s)
{
    disconnect(s);
    s->told_standby = false;
}
