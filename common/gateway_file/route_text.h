// A route as people read it: the templates of its rooms, and a sample of the body that it takes.
#pragma once

#include "common/buffer.h"
#include "common/gateway_file/routes.h"

// Appends the template of rooms, as in "user:{userId|guestId}" or "user:{watchers[]}".
void route_text_room(const struct route *route, const struct route_room *room, struct buffer *out);

// Appends the sample, a JSON object: each member that the route prefers has a value which suggests
// what it is for.
void route_text_body(const struct route *route, struct buffer *out);

// Appends what the sample becomes for clients, a JSON object. The route has an event.
void route_text_event(const struct route *route, struct buffer *out);
