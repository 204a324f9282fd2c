// The heartbeat that edges expect each second from one relay.
#pragma once

#include "common/span.h"
#include "relay/event_log/event_log.h"

enum event_log_heartbeat {
    EVENT_LOG_HEARTBEAT_FAILED, // Redis could not be reached
    EVENT_LOG_HEARTBEAT_PUBLISHED,
    EVENT_LOG_HEARTBEAT_LEFT, // another relay sends them
};

// Publishes a heartbeat, unless another relay has within the last seconds. `over_others`: does so
// all the same, and from now on it is the other one that is silent.
NODISCARD enum event_log_heartbeat event_log_publish_heartbeat(struct event_log *log,
                                                               struct span message,
                                                               const char *speaker,
                                                               bool over_others);
