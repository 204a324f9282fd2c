// What the console knows of the gateway's file: the types of rooms that a client may ask for, and
// the routes with a sample of what services publish.
#pragma once

#include "common/buffer.h"
#include "common/gateway_file/gateway_file.h"

// Appends a JSON object:
//     {"rooms":["conversation"],"routes":[{"routingKey":"message.sent","event":"new_message",
//      "rooms":["conversation:{conversationId}"],"body":{"conversationId":"42"}}]}
// `event` is null for a route that only acts.
void console_outline_write(const struct gateway_file *file, struct buffer *out);
