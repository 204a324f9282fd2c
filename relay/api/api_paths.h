// The paths of the HTTP API.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"
#include "relay/api/api_metrics.h"

#define API_ROOM_MAX 512
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
// The same to an empty buffer, which may have some of it if the name is bad, with another limit.
NODISCARD bool api_path_decode_to(struct span name, size_t max, struct buffer *out);
