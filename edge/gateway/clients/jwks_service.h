// Where the key set of JWT_JWKS_URL is fetched from; the adapter is
// edge/adapters/services/jwks_client.h.
#pragma once

#include "common/span.h"

struct jwks_service;

#define JWKS_MAX_BYTES 65536 // a longer answer is none

// Borrowed until return.
struct jwks_answer {
    unsigned status;    // of HTTP; 0: no whole answer came
    const char *reason; // why not
    const char *cause;  // the same in general: without addresses and times, which differ each time
    struct span body;
};

typedef void (*jwks_answer_fn)(const struct jwks_answer *answer, void *arg);

struct jwks_service_ops {
    // Calls `on_answer` once, later, unless it is cancelled. One fetch at a time. There is no time
    // limit: the caller must cancel it.
    void (*fetch)(struct jwks_service *service, jwks_answer_fn on_answer, void *arg);
    // Does nothing if no fetch is under way.
    void (*cancel)(struct jwks_service *service);
};

struct jwks_service {
    const struct jwks_service_ops *ops;
};
