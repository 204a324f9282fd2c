// One connected socket and who stands behind it.
#pragma once

#include "common/list.h"
#include "edge/gateway/identity.h"
#include "edge/gateway/token_watch.h"
#include "edge/socketio/server.h"

struct client {
    struct sio_socket *socket;
    struct identity *identity; // owned
    struct token_alarm alarm;
    struct list joins; // of struct join: requests whose verdict is still to come
};

// A client is the data of its socket from then on. Takes the identity over.
struct client *client_new(struct sio_socket *socket, struct identity *identity);
// For sio_handlers.free_data. The alarm must be still and no join under way.
void client_free(void *client);

static inline struct span client_id(const struct client *client)
{
    return span_of(sio_socket_id(client->socket));
}
