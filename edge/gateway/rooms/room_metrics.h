// Metrics of rooms and of the authorization of joins.
#pragma once

#include "common/gateway_file/room_types.h"
#include "common/metrics.h"
#include "edge/gateway/rooms/authorization_service.h"

struct room_metrics {
    metric rooms;
    metric claims_left_out; // rooms that tokens name and clients could not enter
    metric joins_forbidden, joins_unavailable, joins_over_limit;
    // Requests to services, see authorization_requests.h.
    metric asks[ROOM_SERVICES][SERVICE_ANSWERS];
    struct histogram ask_ms; // from the first join of a request until the answer
    metric asks_under_way;   // requests sent and not answered yet
    metric joins_waiting;
    metric joins_merged;     // joins that waited for a request that was open already
    metric joins_overflowed; // joins refused because too many were waiting
    metric answer_cache_hits, answer_cache_entries;
};
