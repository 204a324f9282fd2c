// The HTTP API of the relay, for services without RabbitMQ: docs/http-api.md.
//
// It has threads and connections of its own, so the relay's loop never waits for its clients, and a
// relay that stands by answers as the active one does.
#pragma once

#include "common/attr.h"
#include "relay/api/api_options.h"

struct api;

// Opens the port. Returns NULL, with a line in the log, if that fails.
NODISCARD struct api *api_new(const struct api_options *options);
// Answers all requests first.
void api_free(struct api *api);

// Reads the file of the keys again, soon. Any thread may call it.
void api_reload(struct api *api);
