// The heartbeat of the relays. Edges expect one each second, from one relay.
#pragma once

#include "common/span.h"
#include "relay/event_log/event_log.h"

enum event_log_heartbeat {
    EVENT_LOG_HEARTBEAT_FAILED, // Redis could not be asked
    EVENT_LOG_HEARTBEAT_PUBLISHED,
    EVENT_LOG_HEARTBEAT_LEFT, // not published: another relay sends them
};

// Publishes a heartbeat of the relay `speaker`, unless another relay has published one within 3 s.
// With `over_others` publishes it in any case; then the other relay finds this one and stops.
NODISCARD enum event_log_heartbeat event_log_publish_heartbeat(struct event_log *log,
                                                               struct span message,
                                                               const char *speaker,
                                                               bool over_others);
