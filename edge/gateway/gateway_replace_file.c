#include "edge/gateway/gateway_internal.h"

// All parts that borrow the file without more ado have it from here, so that none can be forgotten
// when it is replaced.
void gateway_lend_file(struct gateway *gateway, const struct gateway_file *file)
{
    token_verifier_use_types(gateway->verifier, file->rooms, file->generation);
    gateway->room_events.types = file->rooms;
    gateway->events.types = file->rooms;
    gateway->events.own = file->client_events;
    gateway->events.generation = file->generation;
    gateway->routes.file = file;
}

// Waiters are decided about last, when all parts have the file.
void gateway_replace_file(struct gateway *gateway, const struct gateway_file *file)
{
    gateway_lend_file(gateway, file);
    if (gateway->presence)
        presence_replace_file(gateway->presence, file);
    authorization_replace_types(gateway->authorization, file->rooms);
}
