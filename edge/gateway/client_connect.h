// Lets clients in: checks the token and the number of the user's sockets, and sends `connected`.
#pragma once

#include "edge/engineio/peer_log.h"
#include "edge/gateway/clients/authentication.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/key_waits.h"
#include "edge/gateway/clients/recovery_attempt.h"
#include "edge/gateway/rooms/joins.h"

struct client_connect {
    struct authentication authentication;
    struct sio_namespace *nsp; // the namespace of the clients
    struct key_waits *waits;   // of tokens whose key is being fetched
    struct token_expiry *expiry;
    struct recovery *recovery;
    struct delivery *delivery;
    struct joins *joins;
    struct client_metrics *metrics;
    uint32_t max_sockets_per_user; // 0: no limit
    struct peer_log refused_tokens, refused_users;
    struct buffer text;
};

// Adds the middleware to the namespace: token, recovery, number of sockets. A client that fails a
// check is refused with the reason. After the check of the token the data of its socket is a struct
// client.
void client_connect_add_middleware(struct client_connect *connect);
void client_connect_fini(struct client_connect *connect);

// Lets in a client that has passed the middleware, to its old session or a fresh one: sends the
// CONNECT reply and `connected`, joins the user's room and those that its claims name, and starts
// to watch the token's expiry.
void client_connect_accept(struct client_connect *connect, struct client *client);
