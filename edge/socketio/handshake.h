// What a client's HTTP handshake said, kept for the handlers that decide whether it may connect.
#pragma once

#include "common/attr.h"
#include "common/memory_budget.h"
#include "edge/http/request.h"

// What is known of the HTTP request that opened the client's session. Empty spans when absent.
struct sio_handshake {
    struct span authorization; // the header's value
    struct span query;
    struct span peer;
    struct span user_agent;
};

// ---- for socketio's own files

// The copy that a client keeps.
struct sio__handshake;

// Copies what struct sio_handshake names out of `request`, and charges it to `memory`: while that
// is spent the engine admits no new clients, so this never fails.
NODISCARD struct sio__handshake *sio__handshake_new(const struct http_request *request,
                                                    uint64_t now_ms, struct memory_budget *memory);
void sio__handshake_free(struct sio__handshake *handshake); // NULL is fine
// All empty for NULL. Borrows.
struct sio_handshake sio__handshake_view(const struct sio__handshake *handshake);
uint64_t sio__handshake_began_ms(const struct sio__handshake *handshake);
