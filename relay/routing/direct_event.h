// Events that name their rooms themselves, with the routing key ROUTE_DIRECT_KEY:
//
//     {"rooms": ["order:42", "user:7"], "event": "order_update", "data": {"state": "paid"}}
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "common/json_view.h"
#include "relay/routing/room_list.h"
#include "relay/routing/translate_status.h"

struct direct_event {
    struct room_list *rooms; // the caller's, empty; each is of a type of the file, a user's, or "*"
    struct buffer *name;     // the caller's, empty
    struct span data;        // JSON, a view into the body
};

// Reads the body, an object. `file` says which rooms there are, and which names are taken.
NODISCARD enum translate_status direct_event_read(const struct gateway_file *file,
                                                  struct json_view body, struct direct_event *out);
