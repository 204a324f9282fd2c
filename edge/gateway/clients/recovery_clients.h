// Which clients get what recovery needs: an id of their session, and an offset behind each event.
//
// The offset is one more argument. JavaScript, Java and Swift clients do not mind; Python's call
// their handlers with it and fail, Dart's hand over a list in place of the body.
#pragma once

#include "edge/socketio/handshake.h"

enum recovery_clients {
    RECOVERY_CLIENTS_AUTO = 0, // all but those that would be hurt
    RECOVERY_CLIENTS_ALL,
    RECOVERY_CLIENTS_ASKED, // those that say recovery=1 in the query of their handshake
};

// The query parameter recovery=0 or 1 decides over everything but the revision of the protocol.
bool recovery_clients_include(enum recovery_clients which, unsigned version,
                              const struct sio_handshake *handshake);
