// Reading the users whose tokens were revoked, each time the bus comes up.
//
// The question is sent once the bus takes pushes, so a revocation that it comes too late for is
// pushed. It is answered before the log follower's first question, so an edge that follows the log
// has the revocations. What Redis has lost meanwhile is written again by each edge that knows it.
#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"
#include "edge/adapters/redis/redis_bus_internal.h"

// An entry is "<at ms> <until ms>". A malformed one counts as nothing.
static void report(struct redis_bus *bus, struct span user, struct span entry)
{
    const struct bus_control_handlers *handlers = &bus->interface.control;
    struct span at;
    uint64_t at_ms, until_ms;

    if (span_take_until(&entry, ' ', &at) && span_take_uint(&at, UINT64_MAX, &at_ms) &&
        span_take_uint(&entry, UINT64_MAX, &until_ms))
        handlers->on_revocation(user, at_ms, until_ms, handlers->arg);
}

// Without the answer revoked tokens would be accepted, so an error takes the bus down.
static void on_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;
    const char *error = redis_value_error(value);

    (void)tag;
    if (error) {
        redis_bus_fail(bus, error);
        return;
    }
    for (size_t i = 0; i + 1 < redis_value_count(value); i += 2)
        report(bus, redis_value_text(redis_value_item(value, i)),
               redis_value_text(redis_value_item(value, i + 1)));
    bus->interface.control.on_revocations_read(bus->interface.control.arg);
}

void redis_bus_read_revocations(struct redis_bus *bus)
{
    redis_connection_send(bus->links[COMMANDS], on_answer, 0, "HGETALL %s",
                          bus->options->names->revoked);
}

// KEYS: the revocations. ARGV: user, entry, seconds until all of them are over. An entry that is
// there was written later.
static const char store_script[] = "if redis.call('HGET', KEYS[1], ARGV[1]) then return 0 end\n"
                                   "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                   "redis.call('EXPIRE', KEYS[1], ARGV[3])\n"
                                   "return 1\n";

static void on_stored(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)tag;
    (void)redis_bus_takes(arg, value);
}

void redis_bus_store_revocation(struct bus *interface, struct span user, uint64_t at_ms,
                                uint64_t until_ms, uint64_t last_ms)
{
    struct redis_bus *bus = redis_bus_of(interface);
    uint64_t now_ms = clock_wall_ms();
    char entry[48];

    if (bus->state != UP || last_ms <= now_ms)
        return;
    snprintf(entry, sizeof(entry), "%" PRIu64 " %" PRIu64, at_ms, until_ms);
    redis_connection_send(bus->links[COMMANDS], on_stored, 0, "EVAL %s 1 %s %b %s %llu",
                          store_script, bus->options->names->revoked, user.ptr, user.len, entry,
                          (unsigned long long)((last_ms - now_ms) / 1000 + 1));
}
