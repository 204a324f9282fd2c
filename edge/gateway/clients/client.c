#include "edge/gateway/clients/client.h"

#include <stdlib.h>

#include "common/mem.h"

struct client *client_new(struct sio_socket *socket, struct identity *identity)
{
    struct client *client = mem_zalloc(sizeof(*client));

    client->socket = socket;
    client->identity = identity;
    list_init(&client->joins);
    token_alarm_init(&client->alarm);
    sio_socket_set_data(socket, client);
    return client;
}

void client_free(struct client *client)
{
    identity_free(client->identity);
    free(client->own_rates);
    free(client);
}
