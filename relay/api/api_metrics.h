// What the HTTP API counts.
#pragma once

#include "common/metrics.h"
#include "common/side_port.h"

enum api_endpoint {
    API_OTHER, // no endpoint, or a client without a key
    API_PUBLISH,
    API_DISCONNECT,
    API_REVOKE,
    API_LEAVE,
    API_EDGES,
    API_USER_PRESENCE,
    API_USERS_PRESENCE, // of several
    API_ROOM_PRESENCE,
    API_ROOMS_PRESENCE,
    API_ENDPOINTS
};

#define API_STATUSES 14

struct api_metrics {
    metric answers[API_ENDPOINTS][API_STATUSES];
    struct side_port_metrics port;
    metric key_reloads, key_reloads_refused;
    metric outages;
};

// A status that is none of those in the table is not counted.
void api_metrics_count(struct api_metrics *metrics, unsigned endpoint, unsigned status);
void api_metrics_print(const struct api_metrics *metrics, struct buffer *out);
