// Reading the log. The follower waits for an answer, so a question that Redis refuses is asked
// again with the next pulse.
#include <stdlib.h>

#include "common/mem.h"
#include "edge/adapters/redis/redis_bus_internal.h"

// A stream entry is [id, [field, value, …]]. What is missing or malformed stays zeroed.
static struct bus_entry read_entry(const struct redis_value *value)
{
    struct bus_entry entry = {0};
    const struct redis_value *fields;

    if (redis_value_count(value) != 2 ||
        !position_parse(redis_value_text(redis_value_item(value, 0)), &entry.position))
        return entry;
    fields = redis_value_item(value, 1);
    for (size_t i = 0; i + 1 < redis_value_count(fields); i += 2)
        if (span_is(redis_value_text(redis_value_item(fields, i)), REDIS_LOG_ENVELOPE_FIELD))
            entry.envelope = redis_value_text(redis_value_item(fields, i + 1));
    return entry;
}

static void on_page(struct redis_bus *bus, unsigned shard, const struct redis_value *value)
{
    const struct bus_handlers *handlers = &bus->interface.handlers;
    size_t count = redis_value_count(value);
    struct bus_entry *entries = mem_alloc((count + 1) * sizeof(entries[0]));

    for (size_t i = 0; i < count; i++)
        entries[i] = read_entry(redis_value_item(value, i));
    handlers->on_page(shard, entries, count, handlers->arg);
    free(entries);
}

static void on_newest(struct redis_bus *bus, unsigned shard, const struct redis_value *value)
{
    const struct bus_handlers *handlers = &bus->interface.handlers;
    struct position newest = {0};

    if (redis_value_count(value) > 0)
        newest = read_entry(redis_value_item(value, 0)).position;
    handlers->on_newest(shard, newest, handlers->arg);
}

static void on_answer(const struct redis_value *value, uintptr_t shard, void *arg)
{
    struct redis_bus *bus = arg;
    struct log_question *question = &bus->questions[shard];

    question->refused = !redis_bus_takes(bus, value);
    if (question->refused)
        return;
    if (question->newest)
        on_newest(bus, (unsigned)shard, value);
    else
        on_page(bus, (unsigned)shard, value);
}

static void ask(struct redis_bus *bus, unsigned shard)
{
    struct log_question *question = &bus->questions[shard];
    char key[REDIS_SHARD_KEY_MAX], from[POSITION_TEXT_MAX];

    if (bus->state != UP)
        return;
    question->refused = false;
    redis_log_key(bus->options->names, shard, key);
    if (question->newest) {
        redis_connection_send(bus->links[COMMANDS], on_answer, shard, "XREVRANGE %s + - COUNT 1",
                              key);
        return;
    }
    position_print(question->after, from);
    redis_connection_send(bus->links[COMMANDS], on_answer, shard, "XRANGE %s (%s + COUNT %u", key,
                          from, question->count);
}

void redis_bus_read(struct bus *interface, unsigned shard, struct position after, size_t count)
{
    struct redis_bus *bus = redis_bus_of(interface);

    bus->questions[shard] = (struct log_question){.after = after, .count = (unsigned)count};
    ask(bus, shard);
}

void redis_bus_read_newest(struct bus *interface, unsigned shard)
{
    struct redis_bus *bus = redis_bus_of(interface);

    bus->questions[shard] = (struct log_question){.newest = true};
    ask(bus, shard);
}

void redis_bus_read_again(struct redis_bus *bus)
{
    const struct bus_part *part = &bus->options->part;

    for (unsigned shard = part->node; shard < bus->options->shards; shard += part->nodes)
        if (bus->questions[shard].refused)
            ask(bus, shard);
}
