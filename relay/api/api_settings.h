// The settings of the HTTP API. relay_settings.c has their rows.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct api_settings {
    bool on; // API_PORT is given
    int64_t port;
    const char *host;        // or NULL
    const char *key_file;    // or NULL
    const char *cors_origin; // of pages in development; or NULL
    int64_t rate_limit, rate_burst;
    int64_t max_connections;
    int64_t publish_timeout_ms;
    int64_t idempotency_s;
};
