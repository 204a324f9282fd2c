// The event refresh_token: a client that is connected swaps its token for a newer one.
#pragma once

#include "edge/gateway/clients/authentication.h"
#include "edge/gateway/clients/client_ack.h"
#include "edge/gateway/clients/key_waits.h"
#include "edge/gateway/clients/token_expiry.h"
#include "edge/gateway/rooms/joins.h"

struct token_refresh {
    const struct authentication *authentication;
    struct key_waits *waits; // for tokens whose key is being fetched
    struct client_acks *acks;
    struct joins *joins; // of the rooms that tokens name
    struct token_expiry *expiry;
    struct client_metrics *metrics;
};

// Swaps the token, or answers why not; later if the token must wait for its key. A token that
// waits already is given up for this one.
void token_refresh_handle(struct token_refresh *refresh, struct client *client,
                          const struct sio_event *event);
