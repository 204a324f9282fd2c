// The opening handshake (RFC 6455, 4.2.2): the reply that switches the protocol.
#pragma once

#include "common/buffer.h"
#include "edge/engineio/websocket.h"

// Appends the reply to `request`. `accept` is the value of Sec-WebSocket-Accept. True when
// permessage-deflate was agreed on.
bool websocket_handshake_reply(const struct http_request *request, struct span accept,
                               const struct eio_compression *compression, struct buffer *reply);
