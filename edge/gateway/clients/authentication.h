// Which token a connecting client shows, and whether it lets the client in.
//
// In this order: `token` of the CONNECT packet's auth object; the handshake's Authorization
// header, with or without "Bearer "; for Engine.IO 3, whose clients send no auth object, the
// handshake's query parameter `token`.
#pragma once

#include "edge/gateway/clients/token.h"
#include "edge/socketio/handshake.h"

struct authentication {
    struct token_verifier *verifier;
    bool allow_anonymous; // a client without any token gets in; one with a bad token does not
    struct buffer query_token;
};

void authentication_fini(struct authentication *authentication);

// On TOKEN_OK the caller owns *identity. `auth` is the JSON of the CONNECT packet, or empty.
NODISCARD enum token_status authenticate(struct authentication *authentication, struct span auth,
                                         const struct sio_handshake *handshake, unsigned version,
                                         int64_t now_s, struct identity **identity);

// The same for the text `token` of a JSON object alone. TOKEN_MISSING when the object (or the text)
// is empty or has none.
NODISCARD enum token_status authenticate_object(struct token_verifier *verifier, struct span object,
                                                int64_t now_s, struct identity **identity);
