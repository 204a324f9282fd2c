// Keeps parts of a client's HTTP handshake for the handlers that decide whether it may connect.
#pragma once

#include "common/attr.h"
#include "common/memory_budget.h"
#include "edge/http/request.h"

// From the HTTP request that opened the client's session. Empty spans if absent.
struct sio_handshake {
    struct span authorization; // value of the header Authorization
    struct span query;
    struct span peer;
    struct span user_agent; // value of the header User-Agent
    struct span cookie;     // see sio_options.cookie_of
};

// ---- for socketio's own files

// The copy that a client keeps.
struct sio__handshake;

// Copies the fields of struct sio_handshake from `request`, and `cookie`, and charges their bytes
// to `memory`. Never fails, even if the budget is spent: the engine admits no new clients then.
NODISCARD struct sio__handshake *sio__handshake_new(const struct http_request *request,
                                                    struct span cookie, uint64_t now_ms,
                                                    struct memory_budget *memory);
void sio__handshake_free(struct sio__handshake *handshake); // ignores NULL
// Borrows the handshake. For NULL all spans are empty.
struct sio_handshake sio__handshake_view(const struct sio__handshake *handshake);
uint64_t sio__handshake_began_ms(const struct sio__handshake *handshake);
