#include "edge/gateway/clients/key_waits.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

void key_waits_init(struct key_waits *waits)
{
    list_init(&waits->waiting);
}

bool key_waits_may_begin(struct key_waits *waits, size_t bytes)
{
    bool has_room = waits->count < KEY_WAITS_MAX && bytes <= KEY_WAIT_BYTES - waits->bytes;

    if (!waits->refresh)
        return false;
    if (has_room && jwks_refresh_ask(waits->refresh))
        return true;
    metric_add(&waits->metrics->left_out, 1);
    return false;
}

static void count(struct key_waits *waits)
{
    metric_set(&waits->metrics->waiting, waits->count);
}

void key_wait_begin(struct key_waits *waits, struct client *client, size_t bytes,
                    void (*on_over)(struct client *client, void *arg), void *arg)
{
    struct key_wait *wait = mem_zalloc(sizeof(*wait));

    assert(!client->key_wait);
    *wait = (struct key_wait){
        .waits = waits, .client = client, .bytes = bytes, .on_over = on_over, .arg = arg};
    list_append(&waits->waiting, &wait->node);
    client->key_wait = wait;
    waits->count++;
    waits->bytes += bytes;
    metric_add(&waits->metrics->begun, 1);
    count(waits);
}

void key_wait_free(struct key_wait *wait)
{
    if (!wait)
        return;
    wait->waits->count--;
    wait->waits->bytes -= wait->bytes;
    count(wait->waits);
    wait->client->key_wait = NULL;
    list_unlink(&wait->node);
    buffer_fini(&wait->object);
    free(wait);
}

// Whoever begins to wait meanwhile waits for the next fetch.
void key_waits_end(struct key_waits *waits)
{
    struct list over;

    list_move_all(&waits->waiting, &over);
    while (!list_empty(&over)) {
        struct key_wait *wait = list_entry(over.next, struct key_wait, node);
        wait->on_over(wait->client, wait->arg);
    }
}
