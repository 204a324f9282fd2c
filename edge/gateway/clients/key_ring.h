// The keys that tokens are verified with.
//
// They can be replaced, as a whole, while clients are connected. Each key has a number, which it
// keeps for as long as its bytes are in the ring: the number of a client's key tells whether the
// key that its token was signed with is still there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"
#include "edge/gateway/clients/jwks.h"

#define KEY_NONE 0 // the number of a client that has no token

// What a ring is filled from.
struct token_keys {
    const char *secret;          // for HS256 to HS512; not empty; NULL: none
    const char *previous_secret; // as good as `secret`; not empty; NULL: none
    const char *public_key;      // PEM; NULL: none
    const struct jwks *key_set;  // NULL: none
};

// Whether both are made of the same keys, in the same order.
bool token_keys_equal(const struct token_keys *a, const struct token_keys *b);

struct ring_key {
    unsigned algorithms; // that it verifies: accepted ones, of enum token_algorithm
    uint32_t number;
    char *id;    // "kid"; NULL: for all tokens
    char *bytes; // PEM, or the secret; never empty
};

struct key_ring {
    unsigned algorithms; // the accepted ones; others need no key
    struct ring_key *keys;
    size_t count;
    uint32_t last_number;
};

// An empty ring refuses every token.
void key_ring_init(struct key_ring *ring, unsigned algorithms);
void key_ring_fini(struct key_ring *ring);

// Copies what `keys` points to. Returns true if a key that was there is gone.
bool key_ring_replace(struct key_ring *ring, const struct token_keys *keys);
// Whether a key with this id is there.
bool key_ring_names(const struct key_ring *ring, struct span id);
// Whether the key with this number is there; true for KEY_NONE.
bool key_ring_has(const struct key_ring *ring, uint32_t number);
