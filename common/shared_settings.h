// Settings that several programs have: their fields, and their rows of a table (settings.h).
//
//     static const struct setting table[] = {
//         REDIS_SETTINGS(struct relay_settings, redis),
//         …
#pragma once

#include "common/rabbitmq_settings.h"
#include "common/redis_settings.h"
#include "common/settings.h"

// Where the gateway's file and that of further routes are.
struct gateway_file_settings {
    const char *path;        // NULL: the built-in file
    const char *routes_path; // or NULL
};

struct log_settings {
    int level;  // enum log_level
    int format; // enum log_format
    const char *dir;
};

// In the order of enum log_level and enum log_format; NULL-terminated.
extern const char *const log_level_names[];
extern const char *const log_format_names[];

// clang-format off
#define REDIS_SETTINGS(type, field)                                                                \
    {"REDIS_URL", SETTING_SECRET, offsetof(type, field.url), NULL, 0, 0, NULL,                     \
     "Redis as a URL: redis://user:password@host:6379/1, or unix:///run/redis.sock?db=1"},         \
    {"REDIS_HOST", SETTING_HOST, offsetof(type, field.host), "redis", 0, 0, NULL,                  \
     "Host of Redis"},                                                                             \
    {"REDIS_PORT", SETTING_NUMBER, offsetof(type, field.port), "6379", 1, 65535, NULL,             \
     "Port of Redis"},                                                                             \
    {"REDIS_USERNAME", SETTING_TEXT, offsetof(type, field.username), NULL, 0, 0, NULL,             \
     "User of Redis (ACL); the user default when it is not given"},                                \
    {"REDIS_PASSWORD", SETTING_SECRET, offsetof(type, field.password), NULL, 0, 0, NULL,           \
     "Password for Redis; none is sent when it is not given"},                                     \
    {"REDIS_DB", SETTING_NUMBER, offsetof(type, field.db), "1", 0, 1000000, NULL,                  \
     "Number of the database in Redis"},                                                           \
    {"REDIS_KEY_PREFIX", SETTING_TEXT, offsetof(type, field.key_prefix), NULL, 0, 0, NULL,         \
     "Beginning of all names of keys and channels in Redis"},                                      \
    {"REDIS_TLS", SETTING_SWITCH, offsetof(type, field.tls), "false", 0, 0, NULL,                  \
     "true: TLS to Redis and to Sentinels, as with rediss://"},                                    \
    {"REDIS_CA_FILE", SETTING_TEXT, offsetof(type, field.files.ca), NULL, 0, 0, NULL,               \
     "PEM file with the certificates that verify Redis, in place of the system's"},                \
    {"REDIS_CERT_FILE", SETTING_TEXT, offsetof(type, field.files.certificate), NULL, 0, 0, NULL,           \
     "PEM file with the certificate that is shown to Redis"},                                      \
    {"REDIS_KEY_FILE", SETTING_TEXT, offsetof(type, field.files.key), NULL, 0, 0, NULL,             \
     "PEM file with the key of that certificate"},                                                 \
    {"REDIS_NODES", SETTING_TEXT, offsetof(type, field.node_list), NULL, 0, 0, NULL,               \
     "Primaries that share the shards, as host:port separated by commas; in place of REDIS_HOST"}, \
    {"REDIS_SENTINELS", SETTING_TEXT, offsetof(type, field.sentinel_list), NULL, 0, 0, NULL,       \
     "Sentinels that know the primary, as host:port separated by commas; in place of REDIS_HOST"}, \
    {"REDIS_MASTER_NAME", SETTING_TEXT, offsetof(type, field.master_name), "mymaster", 0, 0,       \
     NULL, "Name of the primary at the Sentinels; several, separated by commas, share the shards"},                                                \
    {"REDIS_SENTINEL_USERNAME", SETTING_TEXT, offsetof(type, field.sentinel_username), NULL, 0, 0, \
     NULL, "User of the Sentinels (ACL); the user default when it is not given"},                  \
    {"REDIS_SENTINEL_PASSWORD", SETTING_SECRET, offsetof(type, field.sentinel_password), NULL, 0,  \
     0, NULL, "Password for the Sentinels; none is sent when it is not given"}

#define RABBITMQ_SETTINGS(type, field, user_help)                                                  \
    {"RABBITMQ_URL", SETTING_SECRET, offsetof(type, field.url), NULL, 0, 0, NULL,                  \
     "RabbitMQ as one URL: amqp://user:password@host:5672/vhost, or amqps:// for TLS"},            \
    {"RABBITMQ_HOST", SETTING_HOST, offsetof(type, field.host), "rabbitmq", 0, 0, NULL,            \
     "Host of RabbitMQ"},                                                                          \
    {"RABBITMQ_PORT", SETTING_NUMBER, offsetof(type, field.port), "5672", 1, 65535, NULL,          \
     "Port of RabbitMQ (AMQP); with RABBITMQ_TLS the default is 5671"},                            \
    {"RABBITMQ_HOSTS", SETTING_TEXT, offsetof(type, field.host_list), NULL, 0, 0, NULL,            \
     "Nodes of one RabbitMQ, as host:port separated by commas; in place of RABBITMQ_HOST"},        \
    {"RABBITMQ_USER", SETTING_TEXT, offsetof(type, field.user), "guest", 0, 0, NULL,               \
     user_help},                                                                                   \
    {"RABBITMQ_PASSWORD", SETTING_SECRET, offsetof(type, field.password), "guest", 0, 0, NULL,     \
     "Password for RabbitMQ"},                                                                     \
    {"RABBITMQ_VHOST", SETTING_TEXT, offsetof(type, field.vhost), "/", 0, 0, NULL,                 \
     "Virtual host in RabbitMQ"},                                                                  \
    {"RABBITMQ_TLS", SETTING_SWITCH, offsetof(type, field.tls), "false", 0, 0, NULL,               \
     "true speaks TLS to RabbitMQ"},                                                               \
    {"RABBITMQ_CA_FILE", SETTING_TEXT, offsetof(type, field.files.ca), NULL, 0, 0, NULL,           \
     "PEM file with the certificates that verify RabbitMQ; replaces the system's"},                \
    {"RABBITMQ_CERT_FILE", SETTING_TEXT, offsetof(type, field.files.certificate), NULL, 0, 0,      \
     NULL, "PEM file with the certificate that this program shows to RabbitMQ"},                   \
    {"RABBITMQ_KEY_FILE", SETTING_TEXT, offsetof(type, field.files.key), NULL, 0, 0, NULL,         \
     "PEM file with the key of RABBITMQ_CERT_FILE, without a passphrase"}

#define GATEWAY_FILE_SETTINGS(type, field)                                                         \
    {"GATEWAY_FILE", SETTING_TEXT, offsetof(type, field.path), NULL, 0, 0, NULL,                   \
     "JSON file with the types of rooms and the events, in place of the built-in one; the same "   \
     "for relays and edges"},                                                                      \
    {"EVENT_ROUTES_FILE", SETTING_TEXT, offsetof(type, field.routes_path), NULL, 0, 0, NULL,       \
     "JSON file with additional routes for events; the same for relays and edges"}

#define BUS_SETTINGS(type, field)                                                                  \
    {"BUS_SHARDS", SETTING_NUMBER, offsetof(type, field), "1", 1, SHARDS_MAX, NULL,                \
     "Number of shards of the log and the bus; the same for all relays and edges"}

#define LOG_SETTINGS(type, field)                                                                  \
    {"LOG_LEVEL", SETTING_CHOICE, offsetof(type, field.level), "info", 0, 0, log_level_names,      \
     "Lines below this level are not written"},                                                    \
    {"LOG_FORMAT", SETTING_CHOICE, offsetof(type, field.format), "json", 0, 0, log_format_names,   \
     "Format of the log lines"},                                                                   \
    {"LOG_DIR", SETTING_FOLDER, offsetof(type, field.dir), "logs", 0, 0, NULL,                     \
     "Folder of all.log and error.log; empty: no files, the console only"}
// clang-format on
