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
     "production wants JWT_SECRET to be given, and asks services who may join which room"},
    {"SERVICE_HOST", SETTING_HOST, FIELD(service_host), "0.0.0.0", 0, 0, NULL,
     "address that both ports listen on"},
    {"PORT", SETTING_NUMBER, FIELD(port), "3002", 0, 65535, NULL,
     "port of the clients; 0 picks a free one"},
    {"SHARE_PORT", SETTING_SWITCH, FIELD(share_port), "false", 0, 0, NULL,
     "whether further edges of this machine may listen on PORT as well; otherwise a port that is "
     "taken stops the start"},
    {"OPS_PORT", SETTING_NUMBER, FIELD(ops_port), "9102", 0, 65535, NULL,
     "operations port: /live, /ready and /metrics; 0 picks a free one"},
    {"EDGE_ID", SETTING_TEXT, FIELD(edge_id), NULL, 0, 0, NULL,
     "name of this edge, different from all others; made up when not given"},
    {"CORS_ORIGIN", SETTING_TEXT, FIELD(cors_origin), NULL, 0, 0, NULL,
     "origins of web pages that may connect, with commas between them; * allows all"},
    {"JWT_SECRET", SETTING_SECRET, FIELD(jwt_secret), NULL, 0, 0, NULL,
     "verifies HS256 tokens"},
    {"JWT_ALGORITHMS", SETTING_TEXT, FIELD(jwt_algorithms), "HS256", 0, 0, NULL,
     "the only algorithms that are accepted, of HS256, RS256 and ES256, with commas between them"},
    {"JWT_PUBLIC_KEY_FILE", SETTING_TEXT, FIELD(jwt_public_key_file), NULL, 0, 0, NULL,
     "PEM file with the public key for RS256 or ES256"},
    {"JWT_JWKS_FILE", SETTING_TEXT, FIELD(jwt_jwks_file), NULL, 0, 0, NULL,
     "JSON Web Key Set with the public keys for RS256 and ES256, in place of the PEM file"},
    {"ALLOW_AUTH_WITHOUT_JWT", SETTING_SWITCH, FIELD(allow_anonymous), "false", 0, 0, NULL,
     "whether a client without any token gets in, as nobody"},
    {"ROOM_AUTHORIZATION", SETTING_CHOICE, FIELD(room_authorization), NULL, 0, 0, authorizations,
     "who may join which room: everybody every room (open, the default outside production), "
     "what the token lists in its claim rooms (claims), or what services say (service, the "
     "default in production)"},
    {"MESSAGE_SERVICE_URL", SETTING_TEXT, FIELD(message_service_url), "http://message-service:4006", 0, 0, NULL,
     "service that knows who may join a conversation"},
    {"MESSAGE_SERVICE_PATH", SETTING_TEXT, FIELD(message_service_path), "/api/conversations/{id}", 0, 0, NULL,
     "what it is asked for"},
    {"NOTIFICATION_SERVICE_URL", SETTING_TEXT, FIELD(notification_service_url), "http://notification-service:4009", 0, 0, NULL,
     "service that knows who may join a notification's room"},
    {"NOTIFICATION_SERVICE_PATH", SETTING_TEXT, FIELD(notification_service_path), "/api/notifications/{id}", 0, 0, NULL,
     "what it is asked for"},
    {"ROOM_AUTHORIZATION_CA_FILE", SETTING_TEXT, FIELD(authorization_ca_file), NULL, 0, 0, NULL,
     "PEM file with the certificates that services at https addresses are verified with, in place "
     "of the system's"},
    {"ROOM_AUTHORIZATION_TIMEOUT", SETTING_NUMBER, FIELD(authorization_timeout_ms), "5000", 1, MS_MAX, NULL,
     "milliseconds that a join waits for a service"},
    {"ROOM_AUTHORIZATION_CONCURRENCY", SETTING_NUMBER, FIELD(authorization_concurrency), "64", 1, 1000, NULL,
     "questions that one service is asked at one time"},
    {"ROOM_AUTHORIZATION_QUEUE", SETTING_NUMBER, FIELD(authorization_queue), "10000", 1, 1000000, NULL,
     "joins that may wait for services"},
    {"ROOM_AUTHORIZATION_CACHE_SECONDS", SETTING_NUMBER, FIELD(authorization_cache_seconds), "60", 0, 3600, NULL,
     "seconds that an answer is remembered; 0: not at all"},
    {"ROOM_AUTHORIZATION_CACHE_SIZE", SETTING_NUMBER, FIELD(authorization_cache_size), "100000", 0, 10000000, NULL,
     "answers that are remembered; 0: none"},
    REDIS_SETTINGS(struct edge_settings, redis),
    BUS_SETTINGS(struct edge_settings, bus_shards),
    {"RABBITMQ_HOST", SETTING_HOST, FIELD(rabbitmq_host), "rabbitmq", 0, 0, NULL,
     "what /health shows until a relay says where its RabbitMQ is"},
    {"RABBITMQ_PORT", SETTING_NUMBER, FIELD(rabbitmq_port), "5672", 1, 65535, NULL,
     "and its port"},
    {"PING_INTERVAL", SETTING_NUMBER, FIELD(ping_interval_ms), "25000", 1, MS_MAX, NULL,
     "milliseconds between two pings of a client"},
    {"PING_TIMEOUT", SETTING_NUMBER, FIELD(ping_timeout_ms), "60000", 1, MS_MAX, NULL,
     "milliseconds that a client has to answer one"},
    {"UPGRADE_TIMEOUT", SETTING_NUMBER, FIELD(upgrade_timeout_ms), "10000", 1, MS_MAX, NULL,
     "milliseconds that a client has to change from polling to WebSocket"},
    {"CONNECT_TIMEOUT", SETTING_NUMBER, FIELD(connect_timeout_ms), "45000", 1, MS_MAX, NULL,
     "milliseconds that a client has to connect to the namespace"},
    {"HEAD_TIMEOUT", SETTING_NUMBER, FIELD(head_timeout_ms), "10000", 1, MS_MAX, NULL,
     "milliseconds that a connection has to send a whole request head"},
    {"MAX_PAYLOAD", SETTING_NUMBER, FIELD(max_payload), "1000000", 1024, 67108864, NULL,
     "bytes of the largest message that a client may send"},
    {"MAX_PACKETS_PER_PAYLOAD", SETTING_NUMBER, FIELD(max_packets_per_payload), "2000", 1, 1000000, NULL,
     "packets that one POST of long-polling may bring"},
    {"MAX_EVENTS_PER_SECOND", SETTING_NUMBER, FIELD(max_events_per_second), "100", 0, 1000000, NULL,
     "events that one client may send in the long run, 10 times as many at once; 0: any number"},
    {"MAX_EVENTS_PER_SECOND_PER_USER", SETTING_NUMBER, FIELD(max_events_per_second_per_user), "200", 0, 1000000, NULL,
     "events that all clients of one user may send this edge, as above; 0: any number"},
    {"MAX_ROOM_DELIVERIES_PER_SECOND", SETTING_NUMBER, FIELD(max_room_deliveries_per_second), "25000", 0, 1000000000, NULL,
     "deliveries of typing that one room may cause in the long run, 4 times as many at once; 0: any number"},
    {"MAX_BYTES_PER_SECOND", SETTING_NUMBER, FIELD(max_bytes_per_second), "1000000", 0, 1000000000, NULL,
     "bytes that one client may send in the long run, twice MAX_PAYLOAD at once; 0: any number"},
    {"MAX_OUTBOX_BYTES", SETTING_NUMBER, FIELD(max_outbox_bytes), "1048576", 4096, 1073741824, NULL,
     "bytes that may wait for a slow client before it is closed"},
    {"MAX_MEMORY_BYTES", SETTING_NUMBER, FIELD(max_memory_bytes), "0", 0, BYTES_MAX, NULL,
     "bytes that all clients together may make the edge hold; 0: three quarters of what the container or the machine has"},
    {"MAX_CONNECTIONS", SETTING_NUMBER, FIELD(max_connections), "0", 0, 1000000, NULL,
     "connections at one time; 0: as many as the limit of open files allows, 65536 at most"},
    {"MAX_CONNECTIONS_PER_ADDRESS", SETTING_NUMBER, FIELD(max_connections_per_address), "0", 0, 1000000, NULL,
     "connections and sessions that one client address may have; 0: any number"},
    {"TRUSTED_PROXIES", SETTING_TEXT, FIELD(trusted_proxies), NULL, 0, 0, NULL,
     "addresses and networks of proxies whose X-Forwarded-For is believed, with commas between them"},
    {"MAX_SOCKETS_PER_USER", SETTING_NUMBER, FIELD(max_sockets_per_user), "100", 0, 1000000, NULL,
     "clients of one user that this edge serves at one time; 0: any number"},
    {"MAX_ROOMS_PER_SOCKET", SETTING_NUMBER, FIELD(max_rooms_per_socket), "1000", 1, 1000000, NULL,
     "rooms that one client may be in"},
    {"ALLOW_EIO3", SETTING_SWITCH, FIELD(allow_eio3), "true", 0, 0, NULL,
     "whether clients of Engine.IO 3 (Socket.IO 2) are served"},
    {"WS_COMPRESSION", SETTING_SWITCH, FIELD(ws_compression), "false", 0, 0, NULL,
     "whether WebSockets are compressed (permessage-deflate) for clients that offer it"},
    {"WS_COMPRESSION_THRESHOLD", SETTING_NUMBER, FIELD(ws_compression_threshold), "1024", 0, 67108864, NULL,
     "bytes of the smallest packet that is compressed"},
    {"WS_COMPRESSION_WINDOW_BITS", SETTING_NUMBER, FIELD(ws_compression_window_bits), "15", WS_WINDOW_BITS_MIN, WS_WINDOW_BITS_MAX, NULL,
     "size of the window that the edge compresses with, as a power of two"},
    {"RECOVERY_WINDOW", SETTING_NUMBER, FIELD(recovery_window), "120", 0, 3600, NULL,
     "seconds that a client may be away and still gets what it missed; 0: no recovery"},
    {"RECOVERY_MEMORY", SETTING_NUMBER, FIELD(recovery_memory), "134217728", 1048576, 17179869184, NULL,
     "bytes of the newest part of the log that are kept for them"},
    {"RECOVERY_CLIENTS", SETTING_CHOICE, FIELD(recovery_clients), "auto", 0, 0, recovery_clients,
     "which clients get offsets of events: all but those that would be hurt (auto), all of them "
     "(all), or those with recovery=1 in the query of their handshake (asked)"},
    {"RECOVERY_GRANT_SECONDS", SETTING_NUMBER, FIELD(recovery_grant_seconds), "600", 0, 86400, NULL,
     "seconds after which a recovered client's right to be in a room is asked for again"},
    {"METRICS_ENABLED", SETTING_SWITCH, FIELD(metrics_enabled), "true", 0, 0, NULL,
     "whether the clients' port answers /metrics"},
    {"METRICS_ROOMS", SETTING_SWITCH, FIELD(metrics_rooms), NULL, 0, 0, NULL,
     "whether it names the rooms there, and so the users, to everybody; true by default, false in production"},
    {"DEV_CONSOLE", SETTING_SWITCH, FIELD(dev_console), "false", 0, 0, NULL,
     "whether /console is served, a page to try the gateway with; never in production"},
    {"CLIENT_BUNDLE_DIR", SETTING_TEXT, FIELD(client_bundle_dir), NULL, 0, 0, NULL,
     "folder of the official client; looked for beside the program when not given"},
    {"DRAIN_SECONDS", SETTING_NUMBER, FIELD(drain_seconds), "10", 0, 3600, NULL,
     "seconds over which a stopping edge lets its clients go"},
    LOG_SETTINGS(struct edge_settings, log),
};
// clang-format on

static const struct program program = {
    .name = "ws-edge",
    .summary = "Serves Socket.IO clients: authenticates them, keeps their rooms, and delivers what "
               "comes over Redis.",
    .settings = table,
    .setting_count = ARRAY_LEN(table),
};

const struct program *edge_program(void)
{
    return &program;
}
