// Whether the services that authorize joins answer, for the log: for each at most one warning in a
// minute while it fails, and one line when it answers again.
#pragma once

#include <stdint.h>

#include "common/gateway_file/room_types.h"
#include "edge/gateway/rooms/authorization_service.h"

// Of one service. Zeroed: it answers.
struct authorization_health {
    bool failing;       // logged as failing, and not as well again
    uint64_t log_at_ms; // no further warning before this time
};

// Records an answer of the service of `type`. `reason` is as in service_answer_fn.
void authorization_health_record(struct authorization_health *health, const struct room_type *type,
                                 enum service_answer answer, const char *reason, uint64_t now_ms);
