#include "relay/uplink/uplink_window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/mem.h"
#include "proto/letter_headers.h"

#define SEEN_SLOTS (2 * UPLINK_WINDOW_MAX)

void uplink_window_init(struct uplink_window *window)
{
    *window = (struct uplink_window){.last_id = "0"};
    list_init(&window->items);
}

void uplink_item_free(struct uplink_item *item)
{
    free(item->letter);
    free(item);
}

void uplink_window_drop(struct uplink_window *window, struct uplink_item *item)
{
    list_unlink(&item->node);
    window->count--;
    window->bytes -= item->bytes;
    uplink_item_free(item);
}

void uplink_window_forget(struct uplink_window *window)
{
    list_for_each (node, &window->items) {
        struct uplink_item *item = list_entry(node, struct uplink_item, node);
        list_unlink(node);
        item->orphan = true;
        if (item->state != UPLINK_SENT)
            uplink_item_free(item);
    }
    uplink_window_init(window);
}

bool uplink_window_full(const struct uplink_window *window)
{
    return window->count >= UPLINK_WINDOW_MAX || window->bytes >= UPLINK_WINDOW_MAX_BYTES;
}

// Returns false if it is no name of AMQP.
static bool copy_name(char out[UPLINK_NAME_MAX + 1], struct span name)
{
    bool ok = name.len > 0 && name.len <= UPLINK_NAME_MAX && !span_has_control(name);

    if (!ok)
        name = SPAN_LIT("?");
    snprintf(out, UPLINK_NAME_MAX + 1, SPAN_FMT, SPAN_ARG(name));
    return ok;
}

void uplink_window_add(struct uplink_window *window, const struct uplink_entry *entry)
{
    struct uplink_item *item = mem_zalloc(sizeof(*item) + entry->body.len);
    char *at = item->storage;

    snprintf(item->id, sizeof(item->id), SPAN_FMT, SPAN_ARG(entry->id));
    bool has_exchange = copy_name(item->exchange, entry->exchange);
    bool has_key = copy_name(item->routing_key, entry->routing_key);
    item->malformed = !has_exchange || !has_key || entry->body.len == 0;
    item->owner = hash_keyed_64(entry->owner.ptr, entry->owner.len) | 1;
    item->bytes = uplink_entry_bytes(entry);
    item->body = span_store(&at, entry->body);
    list_init(&item->answer_node);
    list_append(&window->items, &item->node);
    window->count++;
    window->bytes += item->bytes;
    memcpy(window->last_id, item->id, sizeof(window->last_id));
}

// ---- what may be sent

// Returns true if the owner was there already. Zero is a free slot.
static bool note_owner(uint64_t seen[SEEN_SLOTS], uint64_t owner)
{
    size_t slot = owner % SEEN_SLOTS;

    while (seen[slot] != 0 && seen[slot] != owner)
        slot = (slot + 1) % SEEN_SLOTS;
    bool known = seen[slot] == owner;
    seen[slot] = owner;
    return known;
}

static bool is_due(const struct uplink_item *item, uint64_t now_ms)
{
    return item->state == UPLINK_WAITING && now_ms >= item->retry_ms;
}

size_t uplink_window_ready(const struct uplink_window *window, uint64_t now_ms,
                           struct uplink_item *out[UPLINK_WINDOW_MAX])
{
    uint64_t seen[SEEN_SLOTS] = {0};
    struct uplink_item *suspect = NULL;
    size_t count = 0, sent = 0;
    bool alone = false;

    list_for_each (node, &window->items) {
        struct uplink_item *item = list_entry(node, struct uplink_item, node);
        sent += item->state == UPLINK_SENT;
        alone |= item->state == UPLINK_SENT && item->suspect;
        if (item->state == UPLINK_DONE || note_owner(seen, item->owner) || !is_due(item, now_ms))
            continue;
        if (item->suspect && !suspect)
            suspect = item;
        if (count < UPLINK_WINDOW_MAX)
            out[count++] = item;
    }
    if (!suspect)
        return alone ? 0 : count;
    out[0] = suspect;
    return sent == 0;
}

// ---- dead letters

void uplink_item_condemn(struct uplink_item *item, const char *reason)
{
    if (item->letter)
        return;
    struct uplink_letter *letter = item->letter = mem_zalloc(sizeof(*letter));
    snprintf(letter->reason, sizeof(letter->reason), "%s", reason);
    clock_iso8601(clock_wall_ms(), letter->failed_at);
    const struct rabbit_header headers[] = {
        {.name = LETTER_REASON, .text = span_of(letter->reason)},
        {.name = LETTER_ROUTING_KEY, .text = span_of(item->routing_key)},
        {.name = LETTER_EXCHANGE, .text = span_of(item->exchange)},
        {.name = LETTER_FAILED_AT, .text = span_of(letter->failed_at)},
        {.name = LETTER_SIZE, .is_number = true, .number = item->body.len},
    };
    memcpy(letter->headers, headers, sizeof(headers));
    item->suspect = false;
    item->retry_ms = 0;
}
