// Logs that something is not available: once when the outage begins or its reason changes, once
// when it is over, and not at each attempt in between.
#pragma once

#include "common/span.h"

#define OUTAGE_LOG_REASON_MAX 400

struct outage_log {
    const char *module;                 // of the lines
    const char *what;                   // is not available: "RabbitMQ"
    const char *remedy;                 // what a person can do; NULL: there is nothing to say
    char reason[OUTAGE_LOG_REASON_MAX]; // logged last; "" while all is well
};

// Copies `reason`.
void outage_log_begin(struct outage_log *outage, const char *reason);
void outage_log_end(struct outage_log *outage);
// Ends the outage without a line: the caller logs one of its own.
void outage_log_clear(struct outage_log *outage);
