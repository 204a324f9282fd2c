// Decides which clients get a session id and an offset with each event, which recovery needs.
//
// The offset is one more argument of the event. JavaScript, Java and Swift clients ignore it.
// Python clients call their handlers with one argument too many and fail; Dart clients hand over a
// list in place of the body.
#pragma once

#include "edge/socketio/handshake.h"

enum recovery_clients {
    RECOVERY_CLIENTS_AUTO = 0, // all but Python and Dart clients
    RECOVERY_CLIENTS_ALL,
    RECOVERY_CLIENTS_ASKED, // those that have recovery=1 in the query of their handshake
};

// The query parameter recovery=0 or recovery=1 overrides `which`. Clients of Engine.IO 3
// (`version`) never get offsets.
bool recovery_clients_include(enum recovery_clients which, unsigned version,
                              const struct sio_handshake *handshake);
