// Opens a WebSocket at a server as the listener does: admits it first.
#pragma once

#include "edge/engineio/websocket.h"

static inline bool websocket_open(struct eio_websocket *websocket, struct eio_server *server,
                                  const struct eio_websocket_ops *ops,
                                  const struct http_request *request, bool compresses)
{
    struct eio_admission admission;
    struct eio_refusal refusal;

    return eio_admit_websocket(server, request, &admission, &refusal) &&
           eio_websocket_open(websocket, ops, &admission, request, compresses);
}
