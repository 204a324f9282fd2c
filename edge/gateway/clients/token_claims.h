// Reads the claims of a token whose signature is right: its times, whom it is from and for, and the
// identity of its bearer.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "edge/gateway/clients/identity.h"
#include "edge/gateway/clients/token_rooms.h"
#include "edge/gateway/clients/token_status.h"

struct jwt; // libjwt's

struct token_claims {
    char *issuers, *audiences; // owned; lists with commas; NULL: any is accepted
    uint32_t clock_tolerance_s;
    bool keep_rooms;                // copy the claim "rooms" into the identity
    bool keep_token;                // copy the token itself into the identity
    const struct room_types *types; // borrowed; whose claims name rooms. NULL: none
    uint32_t generation;            // of the gateway's file that has the types
    struct buffer user, user_json;
    struct token_rooms rooms;
};

// On TOKEN_OK the caller owns *identity; its life ends `clock_tolerance_s` after the token's exp.
// `token` is the text of `jwt`; `now_s` is the time of day in seconds since 1970.
NODISCARD enum token_status token_claims_read(struct token_claims *claims, struct jwt *jwt,
                                              struct span token, int64_t now_s,
                                              struct identity **identity);
void token_claims_fini(struct token_claims *claims);
