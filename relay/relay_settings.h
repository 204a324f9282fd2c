// What the relay reads from the environment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/program.h"

struct relay_settings {
    const char *rabbitmq_host;
    int64_t rabbitmq_port;
    const char *rabbitmq_user, *rabbitmq_password, *rabbitmq_vhost;
    const char *rabbitmq_exchanges;
    int queue_type; // enum rabbit_queue_type
    const char *queue_prefix;
    const char *event_routes_file; // or NULL
    int64_t max_event_bytes;
    int64_t prefetch;
    int64_t linger_ms;
    const char *redis_host;
    int64_t redis_port;
    const char *redis_password; // or NULL
    int64_t redis_db;
    int64_t log_max_len;
    int64_t log_max_bytes;
    int64_t bus_shards;
    const char *service_host;
    int64_t ops_port;
    int64_t drain_seconds;
    int log_level;  // enum log_level
    int log_format; // enum log_format
    const char *log_dir;
};

const struct program *relay_program(void);

// Fills `out` from ./.env and the environment. False with a line in `errors` for each fault; what
// may not be meant is in `warnings`.
NODISCARD bool relay_settings_load(struct relay_settings *out, struct buffer *errors,
                                   struct buffer *warnings);
