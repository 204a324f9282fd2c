#include "relay/event_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/random.h"
#include "relay/outage.h"
#include "relay/topology.h"

#define LOG_MODULE "rabbitmq"
#include "common/log.h"

#define KEEP_ALIVE_MS            2000
#define RETRY_REFUSED_MS         30000
#define CODE_REFUSED             403
#define HELD_MAX_BYTES           ((size_t)16 * 1024 * 1024) // delivered before all queues are consumed
#define PREFETCH_DIVISOR         8
#define DECLARATIONS_HEARTBEAT_S 30
#define NOT_FOUND                404
#define OUTLAST_MS               500
#define AWAY_MS                  2000

// How the queue of a route is consumed.
struct intake {
    bool consumed;
    bool shared;  // it cannot be exclusive: its kind does not allow it
    bool refused; // left out until the broker lets us
    struct outage fault;
};

struct event_source {
    struct event_source_options options;
    struct topology *topology;
    struct rabbit *rabbit;  // consumes; NULL: not connected
    struct intake *intakes; // by route
    bool active;
    uint16_t prefetch; // what is asked for now; less than the option where events are large
    bool told_standby;
    uint64_t away_until_ms;    // left to others
    uint64_t retry_refused_ms; // not before
    uint64_t alive_ms;         // when the broker last heard of us for sure
    struct outage outage;
};

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

static const char *queue_of(const struct event_source *s, size_t i)
{
    return s->options.routes->items[i].queue;
}

// What is not acknowledged goes back to its queues.
static void release(struct event_source *s)
{
    rabbit_close(s->rabbit);
    s->rabbit = NULL;
    s->active = false;
    for (size_t i = 0; i < s->options.routes->count; i++)
        s->intakes[i].consumed = false;
}

static void disconnect(struct event_source *s)
{
    release(s);
    topology_drop(s->topology);
}

void event_source_free(struct event_source *s)
{
    if (!s)
        return;
    release(s);
    topology_free(s->topology);
    free(s->intakes);
    free(s);
}

bool event_source_connected(const struct event_source *s)
{
    return s->active ? s->rabbit != NULL : topology_connected(s->topology);
}

static void lose(struct event_source *s)
{
    s->prefetch = s->options.prefetch;
    outage_begin(&s->outage, rabbit_reason(s->rabbit));
    disconnect(s);
}

static bool is_wanted(const struct event_source *s, size_t i)
{
    return topology_has_queue(s->topology, i) && !s->intakes[i].refused;
}

// Somebody else consumes from `queue`.
static enum source_state stand_by(struct event_source *s, const char *queue)
{
    if (!s->told_standby)
        log_info("standing by: another consumer holds the queue host=%s port=%d queue=%s",
                 s->options.rabbit.resolver->host, s->options.rabbit.port, queue);
    s->told_standby = true;
    outage_clear(&s->outage);
    release(s);
    return SOURCE_STANDBY;
}

// The route whose queue has more than `most` consumers, or the number of routes; then `*ok` says
// whether the broker could be asked.
static size_t find_crowded(struct event_source *s, uint32_t most, bool *ok)
{
    size_t i = 0, count = s->options.routes->count;
    struct rabbit_queue_state state;

    for (*ok = true; i < count; i++) {
        if (!is_wanted(s, i))
            continue;
        *ok = topology_look(s->topology, i, &state) && *ok;
        if (state.consumers > most)
            break;
    }
    *ok = *ok || topology_connected(s->topology);
    return i;
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
    release(s);
    return SOURCE_DOWN;
}

static bool is_taken(const struct event_source *s)
{
    return rabbit_code(s->rabbit) == CODE_REFUSED && strstr(rabbit_reason(s->rabbit), "exclusive");
}

static void refuse(struct event_source *s, size_t i)
{
    char reason[OUTAGE_REASON_MAX];

    snprintf(reason, sizeof(reason),
             "cannot consume from queue %s: %.180s%s; the other routes go on", queue_of(s, i),
             rabbit_reason(s->rabbit),
             rabbit_code(s->rabbit) == CODE_REFUSED ? "; grant RABBITMQ_USER read on it" : "");
    outage_begin(&s->intakes[i].fault, reason);
    s->intakes[i].refused = true;
}

static enum rabbit_status consume(struct event_source *s, size_t i)
{
    char consumer[21];

    snprintf(consumer, sizeof(consumer), "%zu", i); // says which route a delivery is of
    enum rabbit_status status =
        rabbit_consume(s->rabbit, queue_of(s, i), consumer, !s->intakes[i].shared, held_max(s));
    s->intakes[i].consumed = status == RABBIT_OK;
    return status;
}

// A queue of a kind that knows no exclusive consumers says the same as one that has one. The next
// attempt starts anew with the first queue: the broker has closed the channel.
static enum source_state on_refusal(struct event_source *s, size_t i, enum rabbit_status status)
{
    struct rabbit_queue_state state;

    if (status == RABBIT_TOO_MUCH)
        return lower_prefetch(s);
    if (status == RABBIT_LOST && rabbit_code(s->rabbit) == 0) {
        lose(s);
        return SOURCE_DOWN;
    }
    if (rabbit_code(s->rabbit) == NOT_FOUND)
        topology_drop(s->topology); // it was deleted, and is created when everything is looked at
    else if (!is_taken(s))
        refuse(s, i);
    else if (topology_look(s->topology, i, &state) && state.consumers > 0)
        return stand_by(s, queue_of(s, i));
    else
        s->intakes[i].shared = true;
    release(s);
    return SOURCE_DOWN;
}

static enum source_state consume_all(struct event_source *s, size_t *consumed)
{
    *consumed = 0;
    for (size_t i = 0; i < s->options.routes->count; i++) {
        if (!is_wanted(s, i))
            continue;
        enum rabbit_status status = consume(s, i);
        if (status != RABBIT_OK)
            return on_refusal(s, i, status);
        s->options.between(s->options.arg);
        ++*consumed;
    }
    return SOURCE_ACTIVE;
}

static bool open_intake(struct event_source *s)
{
    char why[RABBIT_REASON_MAX];

    s->rabbit = rabbit_open(&s->options.rabbit, why);
    if (!s->rabbit) {
        outage_begin(&s->outage, why);
        return false;
    }
    s->alive_ms = clock_monotonic_ms();
    if (rabbit_set_prefetch(s->rabbit, s->prefetch) == RABBIT_OK)
        return true;
    lose(s);
    return false;
}

// Two relays may consume one quorum queue at the same moment, and neither has taken anything yet.
// Each waits for a time of its own: who has the longest finds that the others have let go.
static size_t find_rival(struct event_source *s, bool *asked)
{
    size_t crowded = find_crowded(s, 1, asked);

    if (crowded == s->options.routes->count)
        return crowded;
    clock_sleep_ms(random_below(OUTLAST_MS));
    s->options.between(s->options.arg);
    return find_crowded(s, 1, asked);
}

static enum source_state give_way(struct event_source *s, size_t route)
{
    s->away_until_ms = clock_monotonic_ms() + random_below(AWAY_MS);
    return stand_by(s, queue_of(s, route));
}

static enum source_state become_active(struct event_source *s, size_t consumed)
{
    log_info("consuming from RabbitMQ host=%s port=%d queues=%zu prefetch=%u",
             s->options.rabbit.resolver->host, s->options.rabbit.port, consumed, s->prefetch);
    outage_clear(&s->outage);
    s->active = true;
    s->told_standby = false;
    s->retry_refused_ms = clock_monotonic_ms() + RETRY_REFUSED_MS;
    return SOURCE_ACTIVE;
}

static enum source_state nothing_to_do(struct event_source *s)
{
    outage_begin(&s->outage, "no queue can be consumed from");
    for (size_t i = 0; i < s->options.routes->count; i++)
        s->intakes[i].refused = false;
    disconnect(s);
    return SOURCE_DOWN;
}

static enum source_state try_to_consume(struct event_source *s)
{
    size_t consumed, crowded;
    bool asked;

    if (!open_intake(s))
        return SOURCE_DOWN;
    enum source_state state = consume_all(s, &consumed);
    if (state != SOURCE_ACTIVE)
        return state;
    if (consumed == 0)
        return nothing_to_do(s);
    crowded = find_rival(s, &asked);
    if (crowded < s->options.routes->count)
        return give_way(s, crowded);
    if (asked)
        return become_active(s, consumed);
    disconnect(s);
    return SOURCE_DOWN;
}

enum source_state event_source_join(struct event_source *s)
{
    bool asked;

    if (s->active)
        return SOURCE_ACTIVE;
    if (!topology_ensure(s->topology))
        return SOURCE_DOWN;
    topology_tend(s->topology);
    if (clock_monotonic_ms() < s->away_until_ms)
        return SOURCE_STANDBY;
    size_t crowded = find_crowded(s, 0, &asked);
    if (crowded < s->options.routes->count)
        return stand_by(s, queue_of(s, crowded));
    return asked ? try_to_consume(s) : SOURCE_DOWN;
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
    if (consume(s, i) != RABBIT_OK)
        lose(s);
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

    if (now_ms - s->alive_ms < KEEP_ALIVE_MS)
        return;
    s->alive_ms = now_ms;
    topology_keep_alive(s->topology);
    if (s->rabbit && !rabbit_send_heartbeat(s->rabbit))
        lose(s);
}

void event_source_leave(struct event_source *s)
{
    disconnect(s);
    s->told_standby = false;
}
