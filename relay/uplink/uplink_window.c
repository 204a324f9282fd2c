#include "relay/uplink/uplink_window.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

#define LOOK_MS 20 // between two looks for what is due

struct uplink_owner {
    UT_hash_handle hh;
    uint64_t id;       // hash
    struct list items; // the oldest first; never empty
    struct list node;  // of a list of the window; in none while its oldest entry is under way
};

static void init_lists(struct uplink_window *window)
{
    list_init(&window->items);
    list_init(&window->done);
    list_init(&window->suspects);
    list_init(&window->loaded);
    list_init(&window->ready);
    list_init(&window->later);
}

void uplink_window_init(struct uplink_window *window)
{
    *window = (struct uplink_window){0};
    init_lists(window);
}

bool uplink_window_full(const struct uplink_window *window)
{
    return window->count >= UPLINK_WINDOW_MAX;
}

bool uplink_window_is_busy(const struct uplink_window *window)
{
    return window->messages >= UPLINK_MESSAGES_MAX ||
           window->message_bytes >= UPLINK_MESSAGES_MAX_BYTES;
}

// ---- messages

static void count_message(struct uplink_window *window, struct uplink_item *item)
{
    if (item->counted)
        return;
    item->counted = true;
    window->messages++;
    window->message_bytes += item->bytes;
}

static void free_message(struct uplink_window *window, struct uplink_item *item)
{
    uplink_message_free(item->message);
    item->message = NULL;
    if (!item->counted)
        return;
    item->counted = false;
    window->messages--;
    window->message_bytes -= item->bytes;
}

void uplink_window_load(struct uplink_item *item, const struct uplink_entry *entry)
{
    assert(item->state == UPLINK_TAKEN && !item->message);
    item->message = uplink_message_new(item, entry);
}

// ---- owners

static struct uplink_owner *find_or_add_owner(struct uplink_window *window, struct span name)
{
    uint64_t id = hash_keyed_64(name.ptr, name.len);
    struct uplink_owner *owner;

    HASH_FIND(hh, window->owners, &id, sizeof(id), owner);
    if (owner)
        return owner;
    owner = mem_zalloc(sizeof(*owner));
    owner->id = id;
    list_init(&owner->items);
    list_init(&owner->node);
    HASH_ADD(hh, window->owners, id, sizeof(owner->id), owner);
    return owner;
}

static struct uplink_item *oldest_of(const struct uplink_owner *owner)
{
    return list_entry(owner->items.next, struct uplink_item, turn_node);
}

// Puts the owner where its oldest entry belongs.
static void queue(struct uplink_window *window, struct uplink_owner *owner)
{
    const struct uplink_item *item = oldest_of(owner);
    struct list *list = &window->ready;

    if (item->retry_ms != 0)
        list = &window->later;
    else if (item->suspect)
        list = &window->suspects;
    else if (item->message)
        list = &window->loaded;
    list_unlink(&owner->node);
    list_append(list, &owner->node);
}

static void leave_owner(struct uplink_window *window, struct uplink_item *item)
{
    struct uplink_owner *owner = item->owner;

    list_unlink(&item->turn_node);
    item->owner = NULL;
    if (!owner)
        return;
    if (!list_empty(&owner->items)) {
        queue(window, owner);
        return;
    }
    HASH_DELETE(hh, window->owners, owner);
    free(owner);
}

void uplink_window_add(struct uplink_window *window, const struct uplink_entry *entry)
{
    struct position id;

    if (!position_parse(entry->id, &id)) // never, by Redis
        return;
    struct uplink_owner *owner = find_or_add_owner(window, entry->owner);
    struct uplink_item *item = mem_zalloc(sizeof(*item));
    bool is_first = list_empty(&owner->items);
    item->id = window->last_id = id;
    item->owner = owner;
    item->bytes = uplink_entry_bytes(entry);
    list_append(&window->items, &item->node);
    list_append(&owner->items, &item->turn_node);
    window->count++;
    if (!is_first)
        return;
    if (!uplink_window_is_busy(window)) {
        count_message(window, item);
        item->message = uplink_message_new(item, entry);
    }
    queue(window, owner);
}

// ---- whose turn it is

static void wake_up(struct uplink_window *window, uint64_t now_ms)
{
    if (now_ms < window->looked_ms + LOOK_MS)
        return;
    window->looked_ms = now_ms;
    list_for_each (node, &window->later) {
        struct uplink_owner *owner = list_entry(node, struct uplink_owner, node);
        struct uplink_item *item = oldest_of(owner);
        if (now_ms < item->retry_ms)
            continue;
        item->retry_ms = 0;
        queue(window, owner);
    }
}

static struct uplink_item *take_first(struct uplink_window *window, const struct list *owners)
{
    struct uplink_owner *owner = list_entry(owners->next, struct uplink_owner, node);
    struct uplink_item *item = oldest_of(owner);

    list_unlink(&owner->node);
    item->state = UPLINK_TAKEN;
    item->alone = item->suspect;
    window->alone |= item->alone;
    window->under_way++;
    count_message(window, item);
    return item;
}

size_t uplink_window_take(struct uplink_window *window, uint64_t now_ms,
                          struct uplink_item *out[UPLINK_TAKE_MAX])
{
    size_t count = 0;

    wake_up(window, now_ms);
    if (window->alone)
        return 0;
    if (!list_empty(&window->suspects)) {
        if (window->under_way > 0)
            return 0;
        out[0] = take_first(window, &window->suspects);
        return 1;
    }
    while (count < UPLINK_TAKE_MAX && !list_empty(&window->loaded))
        out[count++] = take_first(window, &window->loaded);
    while (count < UPLINK_TAKE_MAX && !list_empty(&window->ready) && !uplink_window_is_busy(window))
        out[count++] = take_first(window, &window->ready);
    return count;
}

// ---- what becomes of an item

static void land(struct uplink_window *window, struct uplink_item *item)
{
    if (item->state != UPLINK_TAKEN && item->state != UPLINK_SENT)
        return;
    window->under_way--;
    if (item->alone)
        window->alone = false;
    item->alone = false;
    item->state = UPLINK_WAITING;
}

void uplink_window_retry(struct uplink_window *window, struct uplink_item *item, uint64_t retry_ms)
{
    land(window, item);
    item->retry_ms = retry_ms;
    if (retry_ms != 0)
        free_message(window, item);
    queue(window, item->owner);
}

void uplink_window_done(struct uplink_window *window, struct uplink_item *item)
{
    land(window, item);
    free_message(window, item);
    leave_owner(window, item);
    item->state = UPLINK_DONE;
    list_append(&window->done, &item->turn_node);
}

void uplink_window_drop(struct uplink_window *window, struct uplink_item *item)
{
    land(window, item);
    free_message(window, item);
    leave_owner(window, item);
    list_unlink(&item->node);
    window->count -= !item->orphan;
    free(item->failure);
    free(item);
}

static void free_owners(struct uplink_window *window)
{
    struct uplink_owner *owner, *next;

    HASH_ITER (hh, window->owners, owner, next) {
        HASH_DELETE(hh, window->owners, owner);
        free(owner);
    }
}

void uplink_window_forget(struct uplink_window *window)
{
    list_for_each (node, &window->items) {
        struct uplink_item *item = list_entry(node, struct uplink_item, node);
        list_unlink(node);
        list_unlink(&item->turn_node);
        item->owner = NULL;
        item->orphan = true;
        if (item->state != UPLINK_SENT)
            uplink_window_drop(window, item);
    }
    free_owners(window);
    init_lists(window);
    window->count = 0;
    window->last_id = (struct position){0};
}
