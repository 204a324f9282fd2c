#include "relay/event_log/walk.h"

#include <stdio.h>

#include "relay/event_log/event_log_internal.h"

// A page grows while its entries are small, so that a long log takes few round trips.
#define PAGE_LEAST       16u
#define PAGE_MOST        1024u
#define PAGE_BYTES_SMALL ((size_t)256 * 1024)
#define PAGE_BYTES_LARGE ((size_t)2 * 1024 * 1024)

void event_log_walk_init(struct log_walk *walk, struct position below)
{
    char id[POSITION_TEXT_MAX];

    *walk = (struct log_walk){.page = PAGE_LEAST};
    position_print(below, id);
    for (unsigned i = 0; i < SHARDS_MAX; i++)
        snprintf(walk->below[i], sizeof(walk->below[i]), "(%s", id);
}

// Reads up to `count` entries below a position, newest first.
static redisReply *read_page(struct event_log *log, unsigned shard, const char *below, size_t count)
{
    char limit[21];

    snprintf(limit, sizeof(limit), "%zu", count);
    return EVENT_LOG_ASK(log, "XREVRANGE", log->log_keys[shard], below, "-", "COUNT", limit);
}

static bool is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
           entry->element[0]->type == REDIS_REPLY_STRING;
}

// The first field of an entry is the envelope. Returns its size in bytes.
static size_t visit_entry(struct event_log *log, const redisReply *entry, log_entry_fn visit,
                          void *arg)
{
    const redisReply *id = entry->element[0], *fields = entry->element[1];
    struct position position;

    if (fields->type != REDIS_REPLY_ARRAY || fields->elements < 2 ||
        fields->element[1]->type != REDIS_REPLY_STRING ||
        !position_parse((struct span){id->str, id->len}, &position))
        return 0;
    struct span bytes = {fields->element[1]->str, fields->element[1]->len};
    const struct envelope *envelope = envelope_decode(log->decoder, bytes);
    if (envelope)
        visit(envelope->id, position, arg);
    return bytes.len;
}

static void adapt_page(struct log_walk *walk, size_t bytes)
{
    if (bytes > PAGE_BYTES_LARGE && walk->page > PAGE_LEAST)
        walk->page /= 2;
    else if (bytes < PAGE_BYTES_SMALL && walk->page < PAGE_MOST)
        walk->page *= 2;
}

// Returns true if the page is what was asked for; then the walk goes on below it.
static bool take_page(struct event_log *log, struct log_walk *walk, unsigned shard,
                      const redisReply *page, log_entry_fn visit, void *arg)
{
    size_t bytes = 0;

    if (!page || page->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i < page->elements && is_entry(page->element[i]); i++) {
        bytes += visit_entry(log, page->element[i], visit, arg);
        snprintf(walk->below[shard], sizeof(walk->below[shard]), "(%.*s", POSITION_TEXT_MAX - 1,
                 page->element[i]->element[0]->str);
    }
    walk->at_start[shard] = page->elements < walk->page;
    adapt_page(walk, bytes);
    return true;
}

bool event_log_walk_on(struct event_log *log, struct log_walk *walk, unsigned shard,
                       log_entry_fn visit, void *arg)
{
    redisReply *page = read_page(log, shard, walk->below[shard], walk->page);
    bool taken = take_page(log, walk, shard, page, visit, arg);

    return event_log_accept_reply(log, page) && taken;
}
