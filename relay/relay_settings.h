// What the relay reads from the environment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/gateway_file/gateway_file.h"
#include "common/program.h"
#include "common/shared_settings.h"
#include "relay/api/api_settings.h"
#include "relay/rabbitmq/rabbitmq_types.h"

struct relay_settings {
    struct rabbitmq_settings rabbitmq;
    const char *rabbitmq_exchanges;
    int queue_type; // enum rabbit_queue_type
    const char *queue_prefix;
    struct gateway_file_settings gateway_file;
    int64_t max_event_bytes;
    int64_t prefetch;
    int64_t linger_ms;
    struct redis_settings redis;
    int64_t wait_replicas;
    int64_t log_max_len;
    int64_t log_max_bytes;
    int64_t bus_shards;
    const char *service_host;
    int64_t ops_port;
    struct api_settings api;
    int64_t drain_seconds;
    struct log_settings log;
};

const struct program *relay_program(void);

// Fills `out` from the environment and ./.env. Returns false, with a line in `errors` for each
// fault. Adds to `warnings` what is valid but probably a mistake.
NODISCARD bool relay_settings_load(struct relay_settings *out, struct buffer *errors,
                                   struct buffer *warnings);

// The file that the settings name. Returns NULL, with a line in `errors`, if it cannot be used.
NODISCARD struct gateway_file *relay_settings_load_file(const struct relay_settings *settings,
                                                        struct buffer *errors);

// How to reach RabbitMQ; name and heartbeat are the caller's.
struct rabbit_options relay_settings_rabbit(const struct relay_settings *settings,
                                            struct rabbit_hosts *hosts);
