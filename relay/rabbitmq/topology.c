#include "relay/rabbitmq/topology.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/rabbitmq/declare.h"

#define ROUND_MS       30000 // in which all routes are checked once
#define ACCESS_REFUSED 403
#define NOT_FOUND      404

struct place {
    bool has_queue;
    char what[QUEUE_PREFIX_MAX + 320]; // "RabbitMQ, queue websocket.message.sent"
    struct outage_log queue_fault, binding_fault;
};

struct topology {
    struct topology_options options;
    struct rabbit *rabbit; // NULL: not connected
    struct place *places;  // by route
    bool whole;            // all routes were checked on this connection
    size_t next;           // the route that is checked next
    uint64_t next_ms;
};

struct topology *topology_new(const struct topology_options *options)
{
    struct topology *t = mem_zalloc(sizeof(*t));

    t->options = *options;
    t->places = mem_zalloc(options->routes->count * sizeof(*t->places));
    for (size_t i = 0; i < options->routes->count; i++) {
        struct place *place = &t->places[i];
        snprintf(place->what, sizeof(place->what), "queue %s", options->routes->items[i].queue);
        place->queue_fault = place->binding_fault =
            (struct outage_log){.module = "relay", .what = place->what};
    }
    return t;
}

void topology_free(struct topology *t)
{
    if (!t)
        return;
    rabbit_close(t->rabbit);
    free(t->places);
    free(t);
}

bool topology_connected(const struct topology *t)
{
    return t->rabbit && t->whole;
}

void topology_drop(struct topology *t)
{
    rabbit_abandon(t->rabbit);
    rabbit_close(t->rabbit);
    t->rabbit = NULL;
    t->whole = false;
}

static const char *remedy_of(int code)
{
    return code == ACCESS_REFUSED ? "grant RABBITMQ_USER the right, or have it made by someone else"
                                  : NULL;
}

// Logs a refusal if it is new, and opens another channel, since the refusal has closed this one.
// Returns false if the step was refused or the connection is lost.
static bool step_done(struct topology *t, enum rabbit_status status, struct outage_log *fault,
                      const char *step, struct span name)
{
    char reason[OUTAGE_LOG_REASON_MAX];

    t->options.between(t->options.arg);
    if (status == RABBIT_OK)
        return true;
    if (status == RABBIT_REFUSED) {
        snprintf(reason, sizeof(reason), "cannot %s " SPAN_FMT ": %.180s", step, SPAN_ARG(name),
                 rabbit_reason(t->rabbit));
        fault->remedy = remedy_of(rabbit_code(t->rabbit));
        outage_log_begin(fault, reason);
        status = rabbit_open_channel(t->rabbit);
    }
    if (status != RABBIT_OK)
        topology_drop(t);
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

static enum rabbit_status bind(struct topology *t, const struct route *route, struct span exchange)
{
    return rabbit_bind(t->rabbit, route->queue, exchange, route->routing_key);
}

// Binds to an exchange; if it does not exist, creates it first.
static bool bind_to(struct topology *t, const struct route *route, struct outage_log *fault,
                    struct span exchange)
{
    enum rabbit_status status = bind(t, route, exchange);

    if (status == RABBIT_REFUSED && rabbit_code(t->rabbit) == NOT_FOUND) {
        status = rabbit_open_channel(t->rabbit);
        if (status == RABBIT_OK && !step_done(t, rabbit_ensure_exchange(t->rabbit, exchange), fault,
                                              "declare exchange", exchange))
            return false;
        status = status == RABBIT_OK ? bind(t, route, exchange) : status;
    }
    return step_done(t, status, fault, "bind its queue to exchange", exchange);
}

static void ensure_bindings(struct topology *t, const struct route *route, struct place *place)
{
    struct span rest = span_of(t->options.exchanges), exchange;
    bool all = true;

    while (t->rabbit && next_exchange(&rest, &exchange))
        all = bind_to(t, route, &place->binding_fault, exchange) && all;
    if (all)
        outage_log_end(&place->binding_fault);
}

static void ensure_route(struct topology *t, size_t i)
{
    const struct route *route = &t->options.routes->items[i];
    struct place *place = &t->places[i];

    place->has_queue =
        step_done(t, rabbit_ensure_queue(t->rabbit, route->queue, t->options.queue_type, true),
                  &place->queue_fault, "declare queue", span_of(route->queue));
    if (!place->has_queue)
        return;
    outage_log_end(&place->queue_fault);
    ensure_bindings(t, route, place);
}

static uint64_t interval_ms(const struct topology *t)
{
    return ROUND_MS / t->options.routes->count;
}

// A refusal concerns one route, and the others are checked all the same. Only a lost connection
// ends the round; `rabbit` is NULL then.
static bool connect_once(struct topology *t, char why[RABBIT_REASON_MAX])
{
    t->rabbit = rabbit_open(&t->options.rabbit, why);
    for (size_t i = 0; i < t->options.routes->count && t->rabbit; i++)
        ensure_route(t, i);
    t->whole = t->rabbit != NULL;
    t->next_ms = clock_monotonic_ms() + interval_ms(t);
    return t->whole;
}

bool topology_ensure(struct topology *t)
{
    char why[RABBIT_REASON_MAX] =
        "the connection was lost while exchanges and queues were declared";

    if (topology_connected(t) || connect_once(t, why))
        return true;
    rabbit_hosts_log(t->options.rabbit.hosts, why);
    return false;
}

void topology_tend(struct topology *t)
{
    uint64_t now_ms = clock_monotonic_ms();
    char why[RABBIT_REASON_MAX];

    if (now_ms < t->next_ms)
        return;
    if (t->rabbit) {
        t->next = (t->next + 1) % t->options.routes->count;
        ensure_route(t, t->next);
        t->next_ms = now_ms + interval_ms(t);
    } else if (!connect_once(t, why)) {
        t->next_ms = now_ms + ROUND_MS;
    }
}

void topology_keep_alive(struct topology *t)
{
    if (t->rabbit && !rabbit_send_heartbeat(t->rabbit))
        topology_drop(t);
}

bool topology_has_queue(const struct topology *t, size_t route)
{
    return t->places[route].has_queue;
}

size_t topology_refused_bindings(const struct topology *t)
{
    size_t count = 0;

    for (size_t i = 0; i < t->options.routes->count; i++)
        count += t->places[i].binding_fault.reason[0] != '\0';
    return count;
}

bool topology_inspect_queue(struct topology *t, size_t route, struct rabbit_queue_state *out)
{
    const char *queue = t->options.routes->items[route].queue;
    struct place *place = &t->places[route];

    *out = (struct rabbit_queue_state){0};
    return t->rabbit && step_done(t, rabbit_inspect_queue(t->rabbit, queue, out),
                                  &place->queue_fault, "look at queue", span_of(queue));
}

// Closing the channel puts back into the queue what was delivered.
bool topology_may_consume(struct topology *t, size_t route, bool exclusive)
{
    const char *queue = t->options.routes->items[route].queue;

    if (!t->rabbit || rabbit_set_prefetch(t->rabbit, 1) != RABBIT_OK)
        return false;
    enum rabbit_status status = rabbit_consume(t->rabbit, queue, "probe", exclusive, SIZE_MAX);
    bool may = status == RABBIT_OK;
    if (may)
        status = rabbit_close_channel(t->rabbit);
    if (status == RABBIT_OK || status == RABBIT_REFUSED)
        status = rabbit_open_channel(t->rabbit);
    if (status != RABBIT_OK)
        topology_drop(t);
    return may && t->rabbit;
}
