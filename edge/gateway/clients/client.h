// One connected socket and who stands behind it.
#pragma once

#include "common/list.h"
#include "edge/gateway/clients/identity.h"
#include "edge/gateway/clients/token_expiry.h"
#include "edge/socketio/socket.h"

struct client_session;
struct recovery_attempt;

struct client {
    struct sio_socket *socket;
    struct identity *identity; // owned
    struct token_alarm alarm;
    struct list joins;                // of struct join: requests whose verdict is still to come
    struct recovery_attempt *attempt; // while it connects and wants its session back
    struct client_session *session;   // owned; NULL: it cannot be recovered
    bool silent;                      // nobody is told that it leaves: it lives on elsewhere
};

// A client is the data of its socket from then on. Takes the identity over.
struct client *client_new(struct sio_socket *socket, struct identity *identity);
// Its alarm must be off, no join or leave under way, and attempt and session freed.
void client_free(struct client *client);

static inline struct span client_id(const struct client *client)
{
    return span_of(sio_socket_id(client->socket));
}
