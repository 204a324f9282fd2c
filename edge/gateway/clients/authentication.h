// Finds the token of a connecting client and verifies it.
//
// The first of these that is there counts: `token` of the CONNECT packet's auth object; the
// handshake's Authorization header, with or without "Bearer "; for Engine.IO 3, whose clients send
// no auth object, the handshake's query parameter `token`; the handshake's cookie, which the client
// may not know of, since browsers add it by themselves.
#pragma once

#include "edge/gateway/clients/revocations.h"
#include "edge/gateway/clients/token.h"
#include "edge/socketio/handshake.h"

struct authentication {
    struct token_verifier *verifier;
    const struct revocations *revocations;
    bool allow_anonymous; // lets in clients without a token; a bad token is refused all the same
    struct buffer query_token;
};

void authentication_fini(struct authentication *authentication);

// On TOKEN_OK the caller owns *identity. `auth` is the JSON of the CONNECT packet, or empty;
// `version` is the revision of Engine.IO; `now_s` is the time of day in seconds since 1970.
NODISCARD enum token_status authenticate(struct authentication *authentication, struct span auth,
                                         const struct sio_handshake *handshake, unsigned version,
                                         int64_t now_s, struct identity **identity);

// Verifies only the member `token` of the JSON text `object`. Returns TOKEN_MISSING if `object` is
// empty, or its token is absent, null or "".
NODISCARD enum token_status authenticate_object(const struct authentication *authentication,
                                                struct span object, int64_t now_s,
                                                struct identity **identity);
