// Who a client is, as its token says. Never changes; a refreshed token brings a new one.
#pragma once

#include "common/attr.h"
#include "common/span.h"
#include "edge/gateway/clients/token_life.h"

// The texts live as long as the identity.
struct identity {
    struct span user;       // the id as text, as it stands in room names; empty: anonymous
    struct span user_json;  // the id as it is emitted: "u1" in quotes, 42 without, or null
    struct span email;      // empty: the token has none
    struct span role;       // empty: the token has none
    struct span rooms_json; // the claim that lists rooms to join, a JSON array; or empty
    struct span token;      // as it came, to be shown to services; empty: not kept
    struct token_life life;
};

// Copies `from` and its texts.
NODISCARD struct identity *identity_new(const struct identity *from);
// Somebody without a token, where that is allowed.
NODISCARD struct identity *identity_new_anonymous(void);
void identity_free(struct identity *identity);

static inline bool identity_is_anonymous(const struct identity *identity)
{
    return identity->user.len == 0;
}
