#include "edge/edge_settings.h"

#include "common/shared_settings.h"
#include "edge/gateway/clients/recovery_clients.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/websocket/permessage_deflate.h"
#include "proto/redis_keys.h"

#define MS_MAX    86400000 // a day
#define BYTES_MAX ((int64_t)1 << 50)

#define FIELD(name) offsetof(struct edge_settings, name)

static const char *const environments[] = {"development", "production", "test", NULL};
static const char *const authorizations[] = {
    [ROOM_AUTHORIZATION_OPEN] = "open",
    [ROOM_AUTHORIZATION_CLAIMS] = "claims",
    [ROOM_AUTHORIZATION_SERVICE] = "service",
    NULL,
};

static const char *const recovery_clients[] = {
    [RECOVERY_CLIENTS_AUTO] = "auto",
    [RECOVERY_CLIENTS_ALL] = "all",
    [RECOVERY_CLIENTS_ASKED] = "asked",
    NULL,
};

// clang-format off
static const struct setting table[] = {
    {"NODE_ENV", SETTING_CHOICE, FIELD(environment), "development", 0, 0, environments,
     "production requires JWT_SECRET if an HS algorithm is accepted, forbids DEV_CONSOLE, and makes "
     "service the default of ROOM_AUTHORIZATION"},
    {"SERVICE_HOST", SETTING_HOST, FIELD(service_host), "0.0.0.0", 0, 0, NULL,
     "Address that the client port and the operations port listen on"},
    {"PORT", SETTING_NUMBER, FIELD(port), "3002", 0, 65535, NULL,
     "Client port; 0 picks a free port"},
    {"SHARE_PORT", SETTING_SWITCH, FIELD(share_port), "false", 0, 0, NULL,
     "true lets other edges on this machine listen on PORT too; otherwise a port in use stops the "
     "start"},
    {"OPS_PORT", SETTING_NUMBER, FIELD(ops_port), "9102", 0, 65535, NULL,
     "Operations port: /live, /ready and /metrics; 0 picks a free port"},
    {"EDGE_ID", SETTING_TEXT, FIELD(edge_id), NULL, 0, 0, NULL,
     "Unique name of this edge; generated if not given"},
    {"CORS_ORIGIN", SETTING_TEXT, FIELD(cors_origin), NULL, 0, 0, NULL,
     "Origins of web pages that may connect, separated by commas; * allows all"},
    {"JWT_SECRET", SETTING_SECRET, FIELD(jwt_secret), NULL, 0, 0, NULL,
     "Secret that verifies HS256, HS384 and HS512 tokens"},
    {"JWT_SECRET_PREVIOUS", SETTING_SECRET, FIELD(jwt_secret_previous), NULL, 0, 0, NULL,
     "Secret that is accepted beside JWT_SECRET, while tokens that it signed are in use"},
    {"JWT_ALGORITHMS", SETTING_TEXT, FIELD(jwt_algorithms), "HS256", 0, 0, NULL,
     "Accepted algorithms, separated by commas: HS, RS and ES with 256, 384 or 512; with a newer "
     "libjwt also PS"},
    {"JWT_PUBLIC_KEY_FILE", SETTING_TEXT, FIELD(jwt_public_key_file), NULL, 0, 0, NULL,
     "PEM file with the public key for RS, PS or ES"},
    {"JWT_JWKS_FILE", SETTING_TEXT, FIELD(jwt_jwks_file), NULL, 0, 0, NULL,
     "JSON Web Key Set with public keys; replaces the PEM file"},
    {"JWT_JWKS_URL", SETTING_TEXT, FIELD(jwt_jwks_url), NULL, 0, 0, NULL,
     "Address that a JSON Web Key Set is fetched from, http or https; replaces the files"},
    {"JWT_JWKS_CA_FILE", SETTING_TEXT, FIELD(jwt_jwks_ca_file), NULL, 0, 0, NULL,
     "PEM file with the certificates that verify an https JWT_JWKS_URL; replaces the system's"},
    {"JWT_JWKS_REFRESH", SETTING_DURATION, FIELD(jwt_jwks_refresh), "10m", 1, 86400, NULL,
     "Time after which the set of JWT_JWKS_URL is fetched again"},
    {"JWT_ISSUER", SETTING_TEXT, FIELD(jwt_issuer), NULL, 0, 0, NULL,
     "Accepted issuers (claim iss), separated by commas; any if not given"},
    {"JWT_AUDIENCE", SETTING_TEXT, FIELD(jwt_audience), NULL, 0, 0, NULL,
     "Accepted audiences (claim aud), separated by commas; any if not given"},
    {"JWT_CLOCK_TOLERANCE", SETTING_NUMBER, FIELD(jwt_clock_tolerance), "0", 0, 3600, NULL,
     "Seconds that a token is accepted before its nbf and after its exp"},
    {"JWT_COOKIE", SETTING_TEXT, FIELD(jwt_cookie), NULL, 0, 0, NULL,
     "Cookie of the handshake that holds the token, for pages of CORS_ORIGIN and of the gateway's "
     "own origin"},
    {"ALLOW_AUTH_WITHOUT_JWT", SETTING_SWITCH, FIELD(allow_anonymous), "false", 0, 0, NULL,
     "true accepts clients without a token as anonymous"},
    GATEWAY_FILE_SETTINGS(struct edge_settings, gateway_file),
    {"ROOM_AUTHORIZATION", SETTING_CHOICE, FIELD(room_authorization), NULL, 0, 0, authorizations,
     "How joins are authorized: open allows all, claims uses the claim rooms of the token, service "
     "asks back-end services. Default: service in production, otherwise open"},
    {"MESSAGE_SERVICE_URL", SETTING_TEXT, FIELD(message_service_url), "http://message-service:4006", 0, 0, NULL,
     "Service that authorizes joins of conversations"},
    {"MESSAGE_SERVICE_PATH", SETTING_TEXT, FIELD(message_service_path), "/api/conversations/{id}", 0, 0, NULL,
     "Path of the request to it; {id} becomes the room id"},
    {"NOTIFICATION_SERVICE_URL", SETTING_TEXT, FIELD(notification_service_url), "http://notification-service:4009", 0, 0, NULL,
     "Service that authorizes joins of notification rooms"},
    {"NOTIFICATION_SERVICE_PATH", SETTING_TEXT, FIELD(notification_service_path), "/api/notifications/{id}", 0, 0, NULL,
     "Path of the request to it; {id} becomes the room id"},
    {"ROOM_AUTHORIZATION_CA_FILE", SETTING_TEXT, FIELD(authorization_ca_file), NULL, 0, 0, NULL,
     "PEM file with the certificates that verify https services; replaces the system's"},
    {"ROOM_AUTHORIZATION_TIMEOUT", SETTING_NUMBER, FIELD(authorization_timeout_ms), "5000", 1, MS_MAX, NULL,
     "Milliseconds that a join waits for its service, including the wait in the queue"},
    {"ROOM_AUTHORIZATION_CONCURRENCY", SETTING_NUMBER, FIELD(authorization_concurrency), "64", 1, 1000, NULL,
     "Largest number of concurrent requests to each service"},
    {"ROOM_AUTHORIZATION_QUEUE", SETTING_NUMBER, FIELD(authorization_queue), "10000", 1, 1000000, NULL,
     "Largest number of joins that wait for services"},
    {"ROOM_AUTHORIZATION_CACHE_SECONDS", SETTING_NUMBER, FIELD(authorization_cache_seconds), "60", 0, 3600, NULL,
     "Seconds that an answer of a service is cached; 0 disables the cache"},
    {"ROOM_AUTHORIZATION_CACHE_SIZE", SETTING_NUMBER, FIELD(authorization_cache_size), "100000", 0, 10000000, NULL,
     "Largest number of cached answers; 0 disables the cache"},
    REDIS_SETTINGS(struct edge_settings, redis),
    BUS_SETTINGS(struct edge_settings, bus_shards),
    {"RABBITMQ_HOST", SETTING_HOST, FIELD(rabbitmq_host), "rabbitmq", 0, 0, NULL,
     "Host of RabbitMQ that /health shows until a relay reports it"},
    {"RABBITMQ_PORT", SETTING_NUMBER, FIELD(rabbitmq_port), "5672", 1, 65535, NULL,
     "Port of RabbitMQ that /health shows until a relay reports it"},
    {"PING_INTERVAL", SETTING_NUMBER, FIELD(ping_interval_ms), "25000", 1, MS_MAX, NULL,
     "Milliseconds between two heartbeats of a client"},
    {"PING_TIMEOUT", SETTING_NUMBER, FIELD(ping_timeout_ms), "60000", 1, MS_MAX, NULL,
     "Milliseconds that a client has to answer a heartbeat"},
    {"UPGRADE_TIMEOUT", SETTING_NUMBER, FIELD(upgrade_timeout_ms), "10000", 1, MS_MAX, NULL,
     "Milliseconds that a client has to complete the upgrade from polling to WebSocket"},
    {"CONNECT_TIMEOUT", SETTING_NUMBER, FIELD(connect_timeout_ms), "45000", 1, MS_MAX, NULL,
     "Milliseconds that a client has to connect to the namespace"},
    {"HEAD_TIMEOUT", SETTING_NUMBER, FIELD(head_timeout_ms), "10000", 1, MS_MAX, NULL,
     "Milliseconds that a connection has to send a complete request head"},
    {"MAX_PAYLOAD", SETTING_NUMBER, FIELD(max_payload), "1000000", 1024, 67108864, NULL,
     "Largest message of a client in bytes"},
    {"MAX_PACKETS_PER_PAYLOAD", SETTING_NUMBER, FIELD(max_packets_per_payload), "2000", 1, 1000000, NULL,
     "Largest number of packets in one POST of long-polling"},
    {"MAX_EVENTS_PER_SECOND", SETTING_NUMBER, FIELD(max_events_per_second), "100", 0, 1000000, NULL,
     "Packets per second that one client may send in the long run, 10 times as many in a burst; 0: "
     "no limit"},
    {"MAX_EVENTS_PER_SECOND_PER_USER", SETTING_NUMBER, FIELD(max_events_per_second_per_user), "200", 0, 1000000, NULL,
     "Messages per second that all clients of one user may send to this edge, 10 times as many in "
     "a burst; 0: no limit"},
    {"MAX_ROOM_DELIVERIES_PER_SECOND", SETTING_NUMBER, FIELD(max_room_deliveries_per_second), "25000", 0, 1000000000, NULL,
     "Deliveries of typing events per second in one room, 4 times as many in a burst; 0: no limit"},
    {"UPLINK_MAXLEN", SETTING_NUMBER, FIELD(uplink_max_len), "100000", 1, 100000000, NULL,
     "Largest number of events for services that may wait in Redis for RabbitMQ; further ones are refused"},
    {"UPLINK_MAX_BYTES", SETTING_NUMBER, FIELD(uplink_max_bytes), "67108864", 1048576, 1099511627776, NULL,
     "Bytes that these events may take in Redis, roughly; further ones are refused"},
    {"MAX_BYTES_PER_SECOND", SETTING_NUMBER, FIELD(max_bytes_per_second), "1000000", 0, 1000000000, NULL,
     "Bytes per second that one client may send in the long run, twice MAX_PAYLOAD in a burst; 0: "
     "no limit"},
    {"MAX_OUTBOX_BYTES", SETTING_NUMBER, FIELD(max_outbox_bytes), "1048576", 4096, 1073741824, NULL,
     "Bytes that may wait for a slow client; one that exceeds them is closed"},
    {"FLUSH_HOLD_MS", SETTING_NUMBER, FIELD(flush_hold_ms), "10", 0, 100, NULL,
     "Milliseconds that an edge that spends most of its time in writes may hold events back, so "
     "that more of them share a write; 0: never"},
    {"MAX_MEMORY_BYTES", SETTING_NUMBER, FIELD(max_memory_bytes), "0", 0, BYTES_MAX, NULL,
     "Bytes that all clients together may occupy; 0: three quarters of the memory that the container "
     "or the machine has beside RECOVERY_MEMORY"},
    {"MAX_CONNECTIONS", SETTING_NUMBER, FIELD(max_connections), "0", 0, 1000000, NULL,
     "Largest number of open connections; 0: as many as the limit of open files allows, at most "
     "65536"},
    {"MAX_CONNECTIONS_PER_ADDRESS", SETTING_NUMBER, FIELD(max_connections_per_address), "0", 0, 1000000, NULL,
     "Largest number of connections, and of sessions, of one client address; 0: no limit"},
    {"TRUSTED_PROXIES", SETTING_TEXT, FIELD(trusted_proxies), NULL, 0, 0, NULL,
     "Addresses and networks of proxies whose X-Forwarded headers are trusted, separated by commas"},
    {"MAX_SOCKETS_PER_USER", SETTING_NUMBER, FIELD(max_sockets_per_user), "100", 0, 1000000, NULL,
     "Largest number of clients of one user at this edge; 0: no limit"},
    {"MAX_ROOMS_PER_SOCKET", SETTING_NUMBER, FIELD(max_rooms_per_socket), "1000", 1, 1000000, NULL,
     "Largest number of rooms of one client"},
    {"ALLOW_EIO3", SETTING_SWITCH, FIELD(allow_eio3), "true", 0, 0, NULL,
     "true serves clients of Engine.IO 3 (Socket.IO 2)"},
    {"WS_COMPRESSION", SETTING_SWITCH, FIELD(ws_compression), "false", 0, 0, NULL,
     "true compresses WebSockets (permessage-deflate) of clients that offer it"},
    {"WS_COMPRESSION_THRESHOLD", SETTING_NUMBER, FIELD(ws_compression_threshold), "1024", 0, 67108864, NULL,
     "Smallest packet in bytes that is compressed"},
    {"WS_COMPRESSION_WINDOW_BITS", SETTING_NUMBER, FIELD(ws_compression_window_bits), "15", WS_WINDOW_BITS_MIN, WS_WINDOW_BITS_MAX, NULL,
     "Size of the compression window as a power of two"},
    {"RECOVERY_WINDOW", SETTING_NUMBER, FIELD(recovery_window), "120", 0, 3600, NULL,
     "Seconds within which a disconnected client can recover its session and the missed events; 0: "
     "no recovery"},
    {"RECOVERY_MEMORY", SETTING_NUMBER, FIELD(recovery_memory), "134217728", 1048576, 17179869184, NULL,
     "Bytes of the newest part of the log that the edge keeps in memory for recovery"},
    {"RECOVERY_CLIENTS", SETTING_CHOICE, FIELD(recovery_clients), "auto", 0, 0, recovery_clients,
     "Clients that get offsets of events: all except those known to fail on them (auto), all "
     "(all), or those with recovery=1 in the query of the handshake (asked)"},
    {"RECOVERY_GRANT_SECONDS", SETTING_NUMBER, FIELD(recovery_grant_seconds), "600", 0, 86400, NULL,
     "Age in seconds above which a room's authorization is requested again after a recovery"},
    {"METRICS_ENABLED", SETTING_SWITCH, FIELD(metrics_enabled), "true", 0, 0, NULL,
     "true serves /metrics on the client port"},
    {"METRICS_ROOMS", SETTING_SWITCH, FIELD(metrics_rooms), NULL, 0, 0, NULL,
     "true lists the rooms, and so the users, in /metrics of the client port; default: false in "
     "production, otherwise true"},
    {"DEV_CONSOLE", SETTING_SWITCH, FIELD(dev_console), "false", 0, 0, NULL,
     "true serves /console, a web page to test the gateway; not allowed in production"},
    {"CLIENT_BUNDLE_DIR", SETTING_TEXT, FIELD(client_bundle_dir), NULL, 0, 0, NULL,
     "Folder of the official browser client; searched beside the program if not given"},
    {"DRAIN_SECONDS", SETTING_NUMBER, FIELD(drain_seconds), "10", 0, 3600, NULL,
     "Seconds over which a stopping edge closes its clients"},
    LOG_SETTINGS(struct edge_settings, log),
};
// clang-format on

static const struct program program = {
    .name = "ws-edge",
    .summary =
        "Serves Socket.IO clients: authenticates them, manages their rooms, and delivers the "
        "events that relays and other edges publish in Redis.",
    .settings = table,
    .setting_count = ARRAY_LEN(table),
    .print_option = "--asyncapi",
    .print_help = "print the AsyncAPI document of these settings and exit",
};

const struct program *edge_program(void)
{
    return &program;
}
