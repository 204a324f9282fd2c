// The metrics of the gateway. Written by the thread of the event loop, read by any thread.
#pragma once

#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/client_uplink.h"
#include "edge/gateway/clients/jwks_refresh.h"
#include "edge/gateway/clients/key_waits.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/presence/presence_metrics.h"
#include "edge/gateway/rooms/room_metrics.h"

struct gateway_metrics {
    struct client_metrics clients;
    struct client_uplink_metrics uplink;
    struct jwks_metrics jwks;
    struct key_waits_metrics key_waits;
    struct room_metrics rooms;
    struct delivery_metrics delivery;
    struct presence_metrics presence;
};
