// Keeps the key set of JWT_JWKS_URL fresh: fetches it at the start, each JWT_JWKS_REFRESH, and at
// once when a token names a key that is not in the set.
//
//             ┌── good: the set is handed on if it differs ──▶ next in JWT_JWKS_REFRESH
//     fetch ──┤
//             └── no answer in time, or a wrong one ──▶ the last set stays; next in 0.05 to 30 s
//
// Strangers choose the ids in their tokens, so these cause a fetch only each JWKS_ASK_MS.
#pragma once

#include "common/backoff.h"
#include "common/deadlines.h"
#include "common/metrics.h"
#include "common/outage_log.h"
#include "edge/gateway/clients/jwks.h"
#include "edge/gateway/clients/jwks_service.h"

#define JWKS_TIMEOUT_MS 5000  // for a whole answer
#define JWKS_ASK_MS     30000 // between two fetches that unknown ids cause
#define JWKS_RETRY_MS   30000 // after a failure, once there is a set

enum jwks_fetch {
    JWKS_FETCH_GOOD = 0,
    JWKS_FETCH_UNREACHABLE, // no whole answer, one that is too long included
    JWKS_FETCH_TIMEOUT,
    JWKS_FETCH_STATUS,   // not 200
    JWKS_FETCH_UNUSABLE, // no key set, or none with a key for the accepted algorithms
    JWKS_FETCHES,
};

struct jwks_metrics {
    metric fetches[JWKS_FETCHES];
    metric keys;      // in the last good set
    metric fetched_s; // when that came, in seconds since 1970; 0: not yet
};

struct jwks_refresh_options {
    struct jwks_service *service; // borrowed
    unsigned algorithms;          // the accepted ones, a bit set of enum token_algorithm
    uint32_t refresh_s;
};

struct jwks_refresh_handlers {
    void (*on_set)(struct jwks *set, void *arg); // a new set, which it owns
    void (*on_over)(void *arg);                  // a fetch is over, after on_set if there is one
    void *arg;
};

struct jwks_refresh;

// Fetches for the first time in the next turn of the loop. Borrows clock and metrics.
NODISCARD struct jwks_refresh *jwks_refresh_new(const struct jwks_refresh_options *options,
                                                const struct jwks_refresh_handlers *handlers,
                                                struct deadlines *clock,
                                                struct jwks_metrics *metrics);
void jwks_refresh_free(struct jwks_refresh *refresh); // NULL is ignored

// For a token that names a key which is not in the set. True if a fetch is under way now that may
// bring it: on_over tells when. NULL as `refresh`: false.
bool jwks_refresh_ask(struct jwks_refresh *refresh);
