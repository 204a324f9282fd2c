// Lets clients into the rooms that the claims of their token name (token_rooms.h), and out of them
// when another token does not name them any more.
#pragma once

#include "edge/gateway/rooms/joins.h"

// For a client that was just accepted and has no session yet: it enters at once.
void claim_rooms_begin(struct joins *joins, const struct client *client);
// For a client that has its session back: it enters the rooms that it was not in, but those that
// are `ended`, each with a NUL behind it.
void claim_rooms_resume(struct joins *joins, struct client *client, struct span ended);
// For a client with a new token; `former` is what the old one said. A room that both name is left
// alone: the client may have left it, or been taken out of it. So is one that a service has let the
// client into.
void claim_rooms_change(struct joins *joins, struct client *client, const struct identity *former);
