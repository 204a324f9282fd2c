// Every setting of the edge, and the table of their names in the environment.
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "common/program.h"
#include "common/settings.h"
#include "common/shared_settings.h"
#include "edge/gateway/clients/jwks.h"
#include "edge/http/trusted_proxies.h"

struct edge_settings {
    int environment; // enum edge_environment
    const char *service_host;
    int64_t port, ops_port;
    bool share_port;
    const char *edge_id; // NULL: made from host name, process id and random characters
    const char *cors_origin;

    const char *jwt_secret, *jwt_secret_previous;
    const char *jwt_algorithms, *jwt_public_key_file, *jwt_jwks_file;
    const char *jwt_jwks_url, *jwt_jwks_ca_file; // no CA file: the system's certificates
    struct tls_store *jwks_tls;                  // of the CA file; NULL: there is none
    int64_t jwt_jwks_refresh;
    const char *jwt_issuer, *jwt_audience;
    int64_t jwt_clock_tolerance;
    const char *jwt_cookie;
    bool allow_anonymous;
    struct gateway_file_settings gateway_file;
    int room_authorization; // enum room_authorization once loaded
    const char *message_service_url, *message_service_path;
    const char *notification_service_url, *notification_service_path;
    const char *authorization_ca_file;   // NULL: the system's certificates
    struct tls_store *authorization_tls; // of the CA file; NULL: there is none
    int64_t authorization_timeout_ms, authorization_concurrency, authorization_queue;
    int64_t authorization_cache_seconds, authorization_cache_size;

    struct redis_settings redis;
    int64_t bus_shards;
    const char *rabbitmq_host; // shown by /health until a relay says where its RabbitMQ is
    int64_t rabbitmq_port;

    int64_t ping_interval_ms, ping_timeout_ms, upgrade_timeout_ms, connect_timeout_ms;
    int64_t head_timeout_ms;
    int64_t max_payload, max_packets_per_payload, max_outbox_bytes, flush_hold_ms;
    int64_t max_memory_bytes; // 0: see count_memory()
    int64_t max_connections, max_connections_per_address;
    int64_t max_sockets_per_user, max_rooms_per_socket;
    int64_t max_events_per_second, max_events_per_second_per_user, max_bytes_per_second;
    int64_t max_room_deliveries_per_second;
    int64_t uplink_max_len, uplink_max_bytes;
    const char *trusted_proxies;
    bool allow_eio3;
    bool ws_compression;
    int64_t ws_compression_threshold, ws_compression_window_bits;

    bool metrics_enabled, metrics_rooms, dev_console;
    const char *client_bundle_dir;
    int64_t recovery_window, recovery_memory, recovery_grant_seconds;
    int recovery_clients; // enum recovery_clients
    int64_t drain_seconds;
    struct log_settings log;

    // Derived from the texts above by edge_settings_load().
    unsigned algorithms;    // bits of enum token_algorithm
    const char *public_key; // content of the PEM file
    struct jwks *key_set;   // parsed from the key set file
    struct trusted_proxies *proxies;
    struct gateway_file *file;  // see edge_rooms.h
    bool secret_made_up;        // JWT_SECRET was not given, and jwt_secret is random
    bool authorization_assumed; // ROOM_AUTHORIZATION was not given, and is "open"
};

// Who may join the rooms of a type that does not say it.
enum room_authorization {
    ROOM_AUTHORIZATION_OPEN = 0, // any client
    ROOM_AUTHORIZATION_CLAIMS,   // those whose token lists the room in its claim "rooms"
    ROOM_AUTHORIZATION_SERVICE,  // those whom a service lets in
};

enum edge_environment { ENV_DEVELOPMENT = 0, ENV_PRODUCTION, ENV_TEST };

const struct program *edge_program(void);
