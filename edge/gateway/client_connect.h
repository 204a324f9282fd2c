// A client's way into the gateway: its token, how many sockets its user has, and the welcome.
#pragma once

#include "edge/engineio/peer_log.h"
#include "edge/gateway/clients/authentication.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/recovery_attempt.h"

struct client_connect {
    struct authentication authentication;
    struct sio_namespace *nsp; // whose clients these are
    struct token_expiry *expiry;
    struct recovery *recovery;
    struct delivery *delivery;
    struct client_metrics *metrics;
    uint32_t max_sockets_per_user; // 0: no limit
    struct peer_log refused_tokens, refused_users;
    struct buffer text;
};

// Adds the checks to the namespace's middleware. A client that fails one is refused with the
// reason; one that passed both has a struct client as its socket's data.
void client_connect_add_middleware(struct client_connect *connect);
void client_connect_fini(struct client_connect *connect);

// Lets in who passed the checks: its own room, the event `connected`, the watch over its token.
void client_connect_accept(struct client_connect *connect, struct client *client);
