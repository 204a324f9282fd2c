// The paths of the HTTP API.
#pragma once

#include "common/attr.h"
#include "common/span.h"
#include "relay/api/api_metrics.h"

#define API_NAME_MAX 255 // bytes of a name in a path: an AMQP name has no more

struct api_path {
    enum api_endpoint endpoint; // API_OTHER: there is none
    const char *method;         // that the endpoint takes
    struct span name;           // the part that the client chooses, not decoded; or empty
};

// `path` is as it came.
struct api_path api_path_find(struct span path);

// Decodes %xx. Returns false if an escape is broken, or the name is empty, has over API_NAME_MAX
// bytes, or control characters.
NODISCARD bool api_path_decode(struct span name, char out[API_NAME_MAX + 1]);
