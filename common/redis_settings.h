// How to reach Redis: the settings that edge, relay and ws-control share. shared_settings.h has
// their rows.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

#define REDIS_KEY_PREFIX_MAX 64

struct redis_settings {
    const char *url; // or NULL
    const char *host;
    int64_t port;
    const char *username; // or NULL: Redis' user "default"
    const char *password; // or NULL: no login
    int64_t db;
    const char *key_prefix; // of every key and channel; or NULL
    const char *socket;     // a file in place of host and port; or NULL. From the URL
};

// What to do when Redis cannot be reached or refuses the login.
#define REDIS_CONNECTION_REMEDY                                                                    \
    "check REDIS_URL, REDIS_HOST, REDIS_PORT, REDIS_USERNAME and REDIS_PASSWORD"

// Checks the loaded settings against each other, and puts what the URL names into the other fields.
// Adds a line to `errors` for each fault.
void redis_settings_finish(struct redis_settings *settings, struct buffer *errors);

// What a log line calls the host and the port: of a socket its path, and 0.
static inline const char *redis_settings_host(const struct redis_settings *settings)
{
    return settings->socket ? settings->socket : settings->host;
}

static inline int64_t redis_settings_port(const struct redis_settings *settings)
{
    return settings->socket ? 0 : settings->port;
}

// Writes where Redis is, for a person: "host=redis port=6379" or "socket=/run/redis.sock".
#define REDIS_PLACE_MAX 300
const char *redis_settings_place(const struct redis_settings *settings, char out[REDIS_PLACE_MAX]);
