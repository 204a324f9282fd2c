// Tells of a broker that cannot be reached: once when it begins or its reason changes, once when
// it is over, and not at each attempt in between.
#pragma once

#include "common/span.h"

#define OUTAGE_REASON_MAX 400

struct outage {
    const char *what;               // "RabbitMQ"
    const char *settings;           // that may be the cause, as a list for people; or NULL
    char reason[OUTAGE_REASON_MAX]; // told last; "" while all is well
};

void outage_begin(struct outage *outage, const char *reason);
void outage_end(struct outage *outage);
// Without a word, where another line says so.
void outage_clear(struct outage *outage);
