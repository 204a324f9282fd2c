// The events by which services learn of users, and their routing keys unless the gateway's file has
// others.
#pragma once

#define USER_CONNECTED    "user.connected"    // the first connection, over all edges
#define USER_DISCONNECTED "user.disconnected" // the last one has ended
