// POST /v1/events/{routing key}: publishes an event and answers when RabbitMQ has confirmed it.
// POST /v1/events: the same for an event that names its rooms itself.
#pragma once

#include "common/side_port.h"

struct api;
struct span;

// The request is whole. `name` is the routing key as it stands in the path, or
// empty.
void api_publish(struct api *api, struct side_request *request, struct span name);
