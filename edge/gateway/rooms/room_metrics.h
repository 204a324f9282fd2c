// What is counted of rooms and of who may join them.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/rooms/authorization_service.h"

struct room_metrics {
    metric rooms;
    metric joins_forbidden, joins_unavailable, joins_over_limit;
    // Asking services who may join, see authorization_requests.h.
    metric asks[ROOM_SERVICES][SERVICE_ANSWERS];
    struct histogram ask_ms; // from the first join that waits until the answer
    metric asks_under_way;   // questions that a service is being asked
    metric joins_waiting;
    metric joins_merged;     // into a question that was open already
    metric joins_overflowed; // there was no place to wait
    metric answer_cache_hits, answer_cache_entries;
};
