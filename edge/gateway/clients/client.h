// A client of the gateway: a socket with its identity, and with the state that the gateway keeps
// for it.
#pragma once

#include "common/list.h"
#include "common/token_bucket.h"
#include "edge/gateway/clients/identity.h"
#include "edge/gateway/clients/token_expiry.h"
#include "edge/socketio/socket.h"

struct client_session;
struct key_wait;
struct recovery_attempt;

// What a client tells services and Redis has not taken yet.
struct client_calls {
    struct list calls; // of client_uplink.c
    size_t count;
};

struct client {
    struct sio_socket *socket;
    struct identity *identity; // owned; NULL: the token could not be verified yet
    struct key_wait *key_wait; // owned; NULL: no token of the client waits for a key
    struct token_alarm alarm;
    struct list joins;                // of struct join: pending requests to join or leave a room
    struct recovery_attempt *attempt; // until the client is let in; NULL: not eligible for recovery
    struct client_session *session;   // owned; NULL: the client cannot be recovered
    struct token_bucket *own_rates;   // owned; of its events of the file; NULL: none was sent
    uint32_t own_generation;          // of the file whose events these are
    struct client_calls *uplink;      // owned; NULL: it has told services nothing
    bool silent;                      // its session was taken over: send no `user_left`
};

// Sets the client as the data of its socket. Takes ownership of the identity, which may be NULL.
struct client *client_new(struct sio_socket *socket, struct identity *identity);
// The alarm must be off, no join, leave or call pending, and wait, attempt and session freed.
void client_free(struct client *client);

static inline struct span client_id(const struct client *client)
{
    return span_of(sio_socket_id(client->socket));
}
