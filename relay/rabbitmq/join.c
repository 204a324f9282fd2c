#include "relay/rabbitmq/join.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/random.h"
#include "relay/rabbitmq/consumer_internal.h"

#define LOG_MODULE "rabbitmq"
#include "common/log.h"

#define CONNECTION_FORCED 320 // the host shuts down, or an operator closes the connection
#define ACCESS_REFUSED    403
#define NOT_FOUND         404
#define PREFETCH_DIVISOR  8
#define CONTEST_MS        500
#define AWAY_MS           2000

static bool is_wanted(const struct consumer *s, size_t i)
{
    return topology_has_queue(s->topology, i) && !s->intakes[i].refused;
}

// The current host does not serve.
static enum consumer_state give_up_host(struct consumer *s)
{
    consumer_disconnect(s);
    return rabbit_hosts_move_on(s->options.rabbit.hosts) ? CONSUMER_ELSEWHERE : CONSUMER_DOWN;
}

// Another consumer holds `queue`.
static enum consumer_state stand_by(struct consumer *s, const char *queue)
{
    const struct host_address *at = rabbit_hosts_current(s->options.rabbit.hosts)->address;

    if (!s->standby_logged)
        log_info("standing by: another consumer holds the queue host=%s port=%u queue=%s", at->host,
                 at->port, queue);
    s->standby_logged = true;
    rabbit_hosts_settle(s->options.rabbit.hosts);
    consumer_release(s);
    return CONSUMER_STANDBY;
}

// Returns the first route whose queue has more than `most` consumers, or the number of routes. In
// the second case `*ok` is false if RabbitMQ could not be asked.
static size_t find_crowded(struct consumer *s, uint32_t most, bool *ok)
{
    size_t i = 0, count = s->options.routes->count;
    struct rabbit_queue_state state;

    for (*ok = true; i < count; i++) {
        if (!is_wanted(s, i))
            continue;
        *ok = topology_inspect_queue(s->topology, i, &state) && *ok;
        if (state.consumers > most)
            break;
    }
    *ok = *ok || topology_connected(s->topology);
    return i;
}

// RabbitMQ may send a whole prefetch from one queue before it answers about the next one. If that
// is too much to hold, all queues are consumed again with a smaller prefetch.
static enum consumer_state lower_prefetch(struct consumer *s)
{
    s->prefetch =
        (uint16_t)(s->prefetch / PREFETCH_DIVISOR > 0 ? s->prefetch / PREFETCH_DIVISOR : 1);
    log_info("the events that wait are large: consuming anew with a smaller prefetch prefetch=%u",
             s->prefetch);
    rabbit_abandon(s->rabbit);
    consumer_release(s);
    return CONSUMER_DOWN;
}

// True if another consumer holds the queue exclusively, or its type has no exclusive consumers.
static bool is_taken(const struct consumer *s)
{
    return rabbit_code(s->rabbit) == ACCESS_REFUSED &&
           strstr(rabbit_reason(s->rabbit), "exclusive");
}

static void refuse(struct consumer *s, size_t i)
{
    char reason[OUTAGE_LOG_REASON_MAX];

    snprintf(reason, sizeof(reason), "cannot consume from queue %s, the other routes go on: %.180s",
             consumer_queue(s, i), rabbit_reason(s->rabbit));
    s->intakes[i].fault.remedy =
        rabbit_code(s->rabbit) == ACCESS_REFUSED ? "grant RABBITMQ_USER read on it" : NULL;
    outage_log_begin(&s->intakes[i].fault, reason);
    s->intakes[i].refused = true;
}

// RabbitMQ also closes the connection for what a queue cannot do. That is no fault of the host.
static bool is_fault_of_host(const struct consumer *s, enum rabbit_status status)
{
    int code = rabbit_code(s->rabbit);

    return status == RABBIT_LOST && (code == 0 || code == CONNECTION_FORCED);
}

// RabbitMQ answers the same for a queue that another consumer holds and for a type of queue without
// exclusive consumers; the number of its consumers tells which. RabbitMQ has closed the channel, so
// the next attempt begins with the first queue again.
static enum consumer_state on_refusal(struct consumer *s, size_t i, enum rabbit_status status)
{
    struct rabbit_queue_state state;

    if (status == RABBIT_TOO_MUCH)
        return lower_prefetch(s);
    if (is_fault_of_host(s, status)) {
        consumer_lose(s);
        return give_up_host(s);
    }
    if (rabbit_code(s->rabbit) == NOT_FOUND)
        // It was deleted: everything is checked and created on the next connection.
        topology_drop(s->topology);
    else if (!is_taken(s))
        refuse(s, i);
    else if (topology_inspect_queue(s->topology, i, &state) && state.consumers > 0)
        return stand_by(s, consumer_queue(s, i));
    else
        s->intakes[i].shared = true;
    consumer_release(s);
    return CONSUMER_DOWN;
}

static enum consumer_state consume_all(struct consumer *s, size_t *consumed)
{
    *consumed = 0;
    for (size_t i = 0; i < s->options.routes->count; i++) {
        if (!is_wanted(s, i))
            continue;
        enum rabbit_status status = consumer_consume(s, i);
        if (status != RABBIT_OK)
            return on_refusal(s, i, status);
        s->options.between(s->options.arg);
        ++*consumed;
    }
    return CONSUMER_ACTIVE;
}

static bool open_intake(struct consumer *s)
{
    char why[RABBIT_REASON_MAX];

    s->rabbit = rabbit_open(&s->options.rabbit, why);
    if (!s->rabbit) {
        rabbit_hosts_log(s->options.rabbit.hosts, why);
        return false;
    }
    s->alive_ms = clock_monotonic_ms();
    if (rabbit_set_prefetch(s->rabbit, s->prefetch) == RABBIT_OK)
        return true;
    consumer_lose(s);
    return false;
}

// Two relays may start to consume a quorum queue at the same moment. Neither has taken an event
// yet. Each waits for a random time and looks again; the one that waits longest finds that the
// others have released the queue.
static size_t find_rival(struct consumer *s, bool *asked)
{
    size_t crowded = find_crowded(s, 1, asked);

    if (crowded == s->options.routes->count)
        return crowded;
    clock_sleep_ms(random_below(CONTEST_MS));
    s->options.between(s->options.arg);
    return find_crowded(s, 1, asked);
}

static enum consumer_state give_way(struct consumer *s, size_t route)
{
    s->away_until_ms = clock_monotonic_ms() + random_below(AWAY_MS);
    return stand_by(s, consumer_queue(s, route));
}

static enum consumer_state become_active(struct consumer *s, size_t consumed)
{
    const struct host_address *at = rabbit_hosts_current(s->options.rabbit.hosts)->address;

    log_info("consuming from RabbitMQ host=%s port=%u queues=%zu prefetch=%u", at->host, at->port,
             consumed, s->prefetch);
    rabbit_hosts_settle(s->options.rabbit.hosts);
    s->active = true;
    s->standby_logged = false;
    s->retry_refused_ms = clock_monotonic_ms() + RETRY_REFUSED_MS;
    return CONSUMER_ACTIVE;
}

static enum consumer_state nothing_to_do(struct consumer *s)
{
    rabbit_hosts_log(s->options.rabbit.hosts, "no queue can be consumed from");
    for (size_t i = 0; i < s->options.routes->count; i++)
        s->intakes[i].refused = false;
    return give_up_host(s);
}

// Consumes all queues and looks for rivals before it takes the first event.
static enum consumer_state try_to_consume(struct consumer *s)
{
    size_t consumed, crowded;
    bool asked;

    if (!open_intake(s))
        return give_up_host(s);
    enum consumer_state state = consume_all(s, &consumed);
    if (state != CONSUMER_ACTIVE)
        return state;
    if (consumed == 0)
        return nothing_to_do(s);
    crowded = find_rival(s, &asked);
    if (crowded < s->options.routes->count)
        return give_way(s, crowded);
    return asked ? become_active(s, consumed) : give_up_host(s);
}

// The cheapest check comes first: a standby only asks how many consumers the queues have.
enum consumer_state consumer_join(struct consumer *s)
{
    bool asked;

    if (s->active)
        return CONSUMER_ACTIVE;
    if (!topology_ensure(s->topology))
        return give_up_host(s);
    topology_tend(s->topology);
    if (clock_monotonic_ms() < s->away_until_ms)
        return CONSUMER_STANDBY;
    size_t crowded = find_crowded(s, 0, &asked);
    if (crowded < s->options.routes->count)
        return stand_by(s, consumer_queue(s, crowded));
    return asked ? try_to_consume(s) : give_up_host(s);
}
