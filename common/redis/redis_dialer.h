// Opens connections to Redis that block: to the host, to a socket, or where a Sentinel says.
#pragma once

#include <hiredis/hiredis.h>

#include "common/redis/redis_tls.h"
#include "common/resolver.h"

struct redis_dialer {
    const struct redis_settings *settings;
    struct resolver *host; // of the settings
    long connect_ms, answer_ms;
    struct resolver sentinels[HOST_LIST_MAX];
    size_t sentinel;             // which is asked next
    struct host_address primary; // that a Sentinel has named
    struct resolver primary_host;
    char reason[REDIS_TLS_REASON_MAX];
};

// Borrows the settings, and the resolver of their host, for the dialer's life.
void redis_dialer_init(struct redis_dialer *dialer, const struct redis_settings *settings,
                       struct resolver *host, long connect_ms, long answer_ms);
void redis_dialer_fini(struct redis_dialer *dialer);

// Returns a connection, or NULL with the reason in `dialer`. Waits up to `connect_ms` for the
// connection, and with Sentinels before that for one of them, and for two answers of `answer_ms`.
// The next attempt asks the next one. Sets `reached` of the resolver.
NODISCARD redisContext *redis_dial(struct redis_dialer *dialer);

// The connection is not to be kept after all: the next attempt asks another Sentinel.
void redis_dial_elsewhere(struct redis_dialer *dialer);

// What a Sentinel has named; NULL without Sentinels. For redis_settings_place().
const struct host_address *redis_dialed_primary(const struct redis_dialer *dialer);
