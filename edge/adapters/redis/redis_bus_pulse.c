// Checks that Redis answers commands and serves the subscription. The pulse publishes an echo each
// second, on a channel to which only this edge subscribes. While a pulse is not answered, nothing
// is announced, so that announcements do not pile up.
#include "edge/adapters/redis/redis_bus_internal.h"

#include "common/clock.h"

#define UNANSWERED_MS 10000
#define PULSE_MS      1000
#define EDGE_EXPIRY_S 13 // what a dead edge had is out of presence within 15 s
#define LIST_EXPIRY_S 3600
#define LIST_FRESH_MS 60000 // its clock and another edge's may differ by so much
#define UNHEARD_MAX   5     // echoes without any push

static void note_answer(struct redis_bus *bus)
{
    bus->unanswered_since_ms = 0;
    metric_set(&bus->metrics->answered_at_ms, clock_monotonic_ms());
}

static void on_echo_taken(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    note_answer(bus);
    if (redis_bus_takes(bus, value) && ++bus->unheard >= UNHEARD_MAX)
        redis_bus_fail(bus, "the subscription is silent although commands are answered");
}

// A subscription that has died silently looks like one without messages, so each edge publishes an
// echo to itself. Redis accepts a PUBLISH even where it refuses writes.
static void on_pulse(uv_timer_t *timer)
{
    struct redis_bus *bus = container_of(timer, struct redis_bus, timer);
    uint64_t now_ms = clock_monotonic_ms();

    if (bus->unanswered_since_ms != 0) {
        if (now_ms - bus->unanswered_since_ms >= UNANSWERED_MS)
            redis_bus_fail(bus, "no answer for 10 s");
        return;
    }
    bus->unanswered_since_ms = now_ms;
    redis_connection_send(bus->links[COMMANDS], on_echo_taken, 0, "PUBLISH %s%s .",
                          bus->options->names->echo_channel, bus->options->edge_id);
    redis_bus_read_again(bus);
}

void redis_bus_start_pulse(struct redis_bus *bus)
{
    bus->unheard = 0;
    note_answer(bus);
    uv_timer_start(&bus->timer, on_pulse, PULSE_MS, PULSE_MS);
}

bool redis_bus_is_answered(const struct redis_bus_metrics *metrics, uint64_t now_ms)
{
    return now_ms < metric_get(&metrics->answered_at_ms) + REDIS_SILENT_MS;
}

static bool is_behind(const struct redis_bus *bus)
{
    return bus->unanswered_since_ms != 0 &&
           clock_monotonic_ms() - bus->unanswered_since_ms >= PULSE_MS;
}

static void on_announced(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (redis_bus_takes(bus, value))
        bus->refusal[0] = '\0';
}

static void list_itself(struct redis_bus *bus)
{
    const char *list = bus->options->names->edge_list;

    redis_connection_send(bus->links[COMMANDS], on_announced, 0, "HSET %s %s %llu", list,
                          bus->options->edge_id, (unsigned long long)clock_wall_ms());
    redis_connection_send(bus->links[COMMANDS], on_announced, 0, "EXPIRE %s %d", list,
                          LIST_EXPIRY_S);
}

void redis_bus_announce(struct bus *interface, size_t sockets, size_t rooms)
{
    struct redis_bus *bus = redis_bus_of(interface);
    const char *key = bus->options->names->edges, *id = bus->options->edge_id;

    if (bus->state != UP || is_behind(bus))
        return;
    redis_connection_send(bus->links[COMMANDS], on_announced, 0,
                          "HSET %s%s " REDIS_EDGE_SOCKETS_FIELD " %llu " REDIS_EDGE_ROOMS_FIELD
                          " %llu " REDIS_EDGE_AT_FIELD " %llu",
                          key, id, (unsigned long long)sockets, (unsigned long long)rooms,
                          (unsigned long long)clock_wall_ms()); // hiredis knows no %zu
    redis_connection_send(bus->links[COMMANDS], on_announced, 0, "EXPIRE %s%s %d", key, id,
                          EDGE_EXPIRY_S);
    list_itself(bus);
}

// KEYS: the list of edges. ARGV: what the key of each edge begins with, and the oldest time that
// is fresh. Takes out those that have died without doing so themselves.
static const char tidy_script[] = "local edges = redis.call('HGETALL', KEYS[1])\n"
                                  "for i = 1, #edges, 2 do\n"
                                  "  if tonumber(edges[i + 1]) < tonumber(ARGV[2]) and\n"
                                  "      redis.call('EXISTS', ARGV[1] .. edges[i]) == 0 then\n"
                                  "    redis.call('HDEL', KEYS[1], edges[i])\n"
                                  "  end\n"
                                  "end\n"
                                  "return 1\n";

void redis_bus_tidy_list(struct redis_bus *bus)
{
    const struct redis_names *names = bus->options->names;

    redis_connection_send(bus->links[COMMANDS], on_announced, 0, "EVAL %s 1 %s %s %llu",
                          tidy_script, names->edge_list, names->edges,
                          (unsigned long long)clock_wall_ms() - LIST_FRESH_MS);
}

static void ignore(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)value, (void)tag, (void)arg;
}

void redis_bus_unlist(struct redis_bus *bus)
{
    redis_connection_send(bus->links[COMMANDS], ignore, 0, "HDEL %s %s",
                          bus->options->names->edge_list, bus->options->edge_id);
}
