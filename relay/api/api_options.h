// What the HTTP API is given by the relay.
#pragma once

#include "common/redis_settings.h"
#include "common/span.h"
#include "relay/api/api_metrics.h"
#include "relay/api/api_settings.h"
#include "relay/rabbitmq/rabbitmq_types.h"

enum api_event_check {
    API_EVENT_GOOD,
    API_EVENT_NO_ROUTE,
    API_EVENT_BAD, // would be dead-lettered
};

struct api_options {
    const struct api_settings *settings; // borrowed for the API's life, like all texts here
    const char *host;                    // that the port is opened at
    struct rabbit_options rabbit;        // with hosts that no other thread uses
    const struct redis_settings *redis;  // that commands go over
    struct span exchange;                // that events are published to
    size_t max_event_bytes;
    // Says whether an event would reach a room. Called on the API's thread; `why` is a constant.
    enum api_event_check (*check)(void *arg, struct span routing_key, struct span body,
                                  const char **why);
    // Says whether presence is kept of a room, which may be a user's. Called on the API's thread.
    bool (*keeps)(void *arg, struct span room);
    void *arg;
    struct api_metrics *metrics;
};
