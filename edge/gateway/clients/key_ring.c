#include "edge/gateway/clients/key_ring.h"

#include <assert.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "edge/gateway/clients/public_key.h"
#include "edge/gateway/clients/token_algorithm.h"

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_set(const struct jwks *a, const struct jwks *b)
{
    if (!a || !b || a->count != b->count)
        return a == b;
    for (size_t i = 0; i < a->count; i++)
        if (!is_same_text(a->keys[i].id, b->keys[i].id) ||
            a->keys[i].algorithms != b->keys[i].algorithms ||
            !is_same_text(a->keys[i].pem, b->keys[i].pem))
            return false;
    return true;
}

bool token_keys_equal(const struct token_keys *a, const struct token_keys *b)
{
    return is_same_text(a->secret, b->secret) &&
           is_same_text(a->previous_secret, b->previous_secret) &&
           is_same_text(a->public_key, b->public_key) && is_same_set(a->key_set, b->key_set);
}

void key_ring_init(struct key_ring *ring, unsigned algorithms)
{
    *ring = (struct key_ring){.algorithms = algorithms};
}

void key_ring_fini(struct key_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++) {
        free(ring->keys[i].id);
        free(ring->keys[i].bytes);
    }
    free(ring->keys);
    *ring = (struct key_ring){0};
}

static const struct ring_key *find_bytes(const struct key_ring *ring, const char *bytes)
{
    for (size_t i = 0; i < ring->count; i++)
        if (strcmp(ring->keys[i].bytes, bytes) == 0)
            return &ring->keys[i];
    return NULL;
}

// A key that was in the old ring, or is in the new one already under another id, has its number.
static uint32_t number_of(struct key_ring *fresh, const struct key_ring *old, const char *bytes)
{
    const struct ring_key *same = find_bytes(old, bytes);

    if (!same)
        same = find_bytes(fresh, bytes);
    return same ? same->number : ++fresh->last_number;
}

static void add_key(struct key_ring *fresh, const struct key_ring *old, unsigned algorithms,
                    const char *id, const char *bytes)
{
    struct ring_key key = {
        .algorithms = algorithms & fresh->algorithms,
        .number = number_of(fresh, old, bytes),
        .id = mem_strdup(id),
        .bytes = mem_strdup(bytes),
    };

    assert(bytes[0] != '\0'); // with an empty key libjwt would accept any token
    fresh->keys = mem_realloc(fresh->keys, (fresh->count + 1) * sizeof(fresh->keys[0]));
    fresh->keys[fresh->count++] = key;
}

static void add_secret(struct key_ring *fresh, const struct key_ring *old, const char *secret)
{
    if (secret && (fresh->algorithms & TOKEN_HS))
        add_key(fresh, old, TOKEN_HS, NULL, secret);
}

static void add_public_key(struct key_ring *fresh, const struct key_ring *old, unsigned algorithms,
                           const char *id, const char *pem)
{
    char *for_pss = algorithms & fresh->algorithms & TOKEN_PS ? public_key_for_pss(pem) : NULL;

    if (for_pss) {
        add_key(fresh, old, algorithms & TOKEN_PS, id, for_pss);
        algorithms &= ~(unsigned)TOKEN_PS;
    }
    if (algorithms & fresh->algorithms)
        add_key(fresh, old, algorithms, id, pem);
    free(for_pss);
}

static void add_pem(struct key_ring *fresh, const struct key_ring *old, const char *pem)
{
    struct buffer fault = {0};

    add_public_key(fresh, old, public_key_algorithms(pem, &fault), NULL, pem);
    buffer_fini(&fault);
}

static void add_set(struct key_ring *fresh, const struct key_ring *old, const struct jwks *set)
{
    for (size_t i = 0; i < set->count; i++)
        add_public_key(fresh, old, set->keys[i].algorithms, set->keys[i].id, set->keys[i].pem);
}

static bool lacks_one_of(const struct key_ring *fresh, const struct key_ring *old)
{
    for (size_t i = 0; i < old->count; i++)
        if (!key_ring_has(fresh, old->keys[i].number))
            return true;
    return false;
}

bool key_ring_replace(struct key_ring *ring, const struct token_keys *keys)
{
    struct key_ring fresh = {.algorithms = ring->algorithms, .last_number = ring->last_number};

    add_secret(&fresh, ring, keys->secret);
    add_secret(&fresh, ring, keys->previous_secret);
    if (keys->key_set)
        add_set(&fresh, ring, keys->key_set);
    if (keys->public_key)
        add_pem(&fresh, ring, keys->public_key);
    bool gone = lacks_one_of(&fresh, ring);
    key_ring_fini(ring);
    *ring = fresh;
    return gone;
}

bool key_ring_names(const struct key_ring *ring, struct span id)
{
    for (size_t i = 0; i < ring->count; i++)
        if (ring->keys[i].id && span_is(id, ring->keys[i].id))
            return true;
    return false;
}

bool key_ring_has(const struct key_ring *ring, uint32_t number)
{
    if (number == KEY_NONE)
        return true;
    for (size_t i = 0; i < ring->count; i++)
        if (ring->keys[i].number == number)
            return true;
    return false;
}
