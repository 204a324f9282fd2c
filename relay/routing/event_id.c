#include "relay/routing/event_id.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_ID_MAX 255

void event_id_init(void)
{
    if (sodium_init() < 0)
        abort();
}

// An id is compared byte by byte.
static bool is_usable(struct span id)
{
    return id.len > 0 && id.len <= MESSAGE_ID_MAX && span_is_visible(id);
}

// Hashes the route's key, not the delivery's: a dead letter that someone puts back into its queue
// comes with another key and is the same event.
static struct span hash_event(const struct event *event, char out[2 * EVENT_ID_BYTES + 1])
{
    unsigned char hash[EVENT_ID_BYTES];
    crypto_generichash_state state;
    const char *key = event->route->routing_key;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, (const unsigned char *)key, strlen(key) + 1);
    crypto_generichash_update(&state, (const unsigned char *)event->body.ptr, event->body.len);
    crypto_generichash_final(&state, hash, sizeof(hash));
    sodium_bin2hex(out, 2 * sizeof(hash) + 1, hash, sizeof(hash));
    return (struct span){out, 2 * sizeof(hash)};
}

struct span event_id(const struct event *event, char hash[2 * EVENT_ID_BYTES + 1])
{
    return is_usable(event->message_id) ? event->message_id : hash_event(event, hash);
}
