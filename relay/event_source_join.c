// Coming to hold the queues: who is active, who stands by, what is left out.
#include "relay/event_source_internals.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/random.h"

#define LOG_MODULE "rabbitmq"
#include "common/log.h"

#define CODE_REFUSED     403
#define NOT_FOUND        404
#define HELD_MAX_BYTES   ((size_t)16 * 1024 * 1024) // delivered before all queues are consumed
#define PREFETCH_DIVISOR 8
#define OUTLAST_MS       500
#define AWAY_MS          2000

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
    source_release(s);
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
    source_release(s);
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
             "cannot consume from queue %s: %.180s%s; the other routes go on", source_queue(s, i),
             rabbit_reason(s->rabbit),
             rabbit_code(s->rabbit) == CODE_REFUSED ? "; grant RABBITMQ_USER read on it" : "");
    outage_begin(&s->intakes[i].fault, reason);
    s->intakes[i].refused = true;
}

enum rabbit_status source_consume(struct event_source *s, size_t i)
{
    char consumer[21];

    snprintf(consumer, sizeof(consumer), "%zu", i); // says which route a delivery is of
    enum rabbit_status status =
        rabbit_consume(s->rabbit, source_queue(s, i), consumer, !s->intakes[i].shared, held_max(s));
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
        source_lose(s);
        return SOURCE_DOWN;
    }
    if (rabbit_code(s->rabbit) == NOT_FOUND)
        topology_drop(s->topology); // it was deleted, and is created when everything is looked at
    else if (!is_taken(s))
        refuse(s, i);
    else if (topology_look(s->topology, i, &state) && state.consumers > 0)
        return stand_by(s, source_queue(s, i));
    else
        s->intakes[i].shared = true;
    source_release(s);
    return SOURCE_DOWN;
}

static enum source_state consume_all(struct event_source *s, size_t *consumed)
{
    *consumed = 0;
    for (size_t i = 0; i < s->options.routes->count; i++) {
        if (!is_wanted(s, i))
            continue;
        enum rabbit_status status = source_consume(s, i);
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
    source_lose(s);
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
    return stand_by(s, source_queue(s, route));
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
    source_disconnect(s);
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
    source_disconnect(s);
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
        return stand_by(s, source_queue(s, crowded));
    return asked ? try_to_consume(s) : SOURCE_DOWN;
}
