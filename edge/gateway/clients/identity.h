// The identity of a client, as its token's claims say. Immutable; a refreshed token makes a new
// identity.
#pragma once

#include "common/attr.h"
#include "common/span.h"
#include "edge/gateway/clients/token_life.h"

// The texts are valid as long as the identity.
struct identity {
    struct span user;       // the id as text, as in room names; empty: anonymous
    struct span user_json;  // the id as JSON, as it is emitted: "u1", 42 or null
    struct span email;      // empty: the token has none
    struct span role;       // empty: the token has none
    struct span rooms_json; // the claim "rooms", a JSON array; empty: none, or not kept
    struct span token;      // the token itself, to send to services; empty: not kept
    // The rooms that its claims name for types with onConnect, each with a NUL behind it.
    struct span enters;
    struct token_life life;
    uint32_t rooms_left_out; // what the claims name besides, see token_rooms.h
    uint32_t generation;     // of the gateway's file that `enters` follows
    uint32_t key;            // the number of the key that has verified the token (key_ring.h)
};

// Copies `from` and its texts.
NODISCARD struct identity *identity_new(const struct identity *from);
// The identity of a client without a token.
NODISCARD struct identity *identity_new_anonymous(void);
// True if the claims name `room` as one that the client enters by itself.
NODISCARD bool identity_enters(const struct identity *identity, struct span room);
void identity_free(struct identity *identity);

static inline bool identity_is_anonymous(const struct identity *identity)
{
    return identity->user.len == 0;
}
