// How to reach Redis: the settings that edge, relay and ws-control share. shared_settings.h has
// their rows.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/host_list.h"
#include "common/span.h"
#include "common/tls_store.h"

#define REDIS_KEY_PREFIX_MAX 64

#define REDIS_SENTINEL_PORT   26379
#define REDIS_PORT            6379
#define REDIS_MASTER_NAME_MAX 128 // with its end
#define REDIS_NODES_MAX       HOST_LIST_MAX

struct redis_settings {
    const char *url; // or NULL
    const char *host;
    int64_t port;
    const char *username; // or NULL: Redis' user "default"
    const char *password; // or NULL: no login
    int64_t db;
    const char *key_prefix;                            // of every key and channel; or NULL
    const char *node_list;                             // or NULL: there is one server
    const char *sentinel_list;                         // or NULL: there are no Sentinels
    const char *master_name;                           // the primaries, as Sentinel knows them
    const char *sentinel_username, *sentinel_password; // or NULL, as above
    bool tls;
    struct tls_files files;  // of TLS
    struct tls_store *store; // filled by redis_tls_load(); NULL: plain text
    // Filled by redis_settings_finish():
    const char *socket;         // a file in place of host and port; or NULL
    struct host_list sentinels; // in place of host and port
    struct host_list nodes;     // in place of host and port; empty: there is one server
    char master_names[REDIS_NODES_MAX][REDIS_MASTER_NAME_MAX];
    unsigned master_count;
    bool is_one_of_several; // made by redis_settings_of_node()
};

// What to do when Redis cannot be reached or refuses the login.
const char *redis_settings_remedy(const struct redis_settings *settings);

// Checks the loaded settings against each other, and fills the fields that follow from others.
// Adds a line to `errors` for each fault.
void redis_settings_finish(struct redis_settings *settings, struct buffer *errors);

// How many servers share the shards of the log.
unsigned redis_settings_nodes(const struct redis_settings *settings);
// The settings of one of them, which has no further ones. Borrows `settings` and its texts.
struct redis_settings redis_settings_of_node(const struct redis_settings *settings, unsigned node);
// Adds a line to `errors` if the shards cannot be shared evenly.
void redis_settings_check_shards(const struct redis_settings *settings, int64_t shards,
                                 struct buffer *errors);

// What a log line calls the host and the port: those that a Sentinel has named, or of a socket its
// path and 0. `primary` is NULL without Sentinels.
const char *redis_settings_host(const struct redis_settings *settings,
                                const struct host_address *primary);
int64_t redis_settings_port(const struct redis_settings *settings,
                            const struct host_address *primary);

// Writes where Redis is, for a person: "host=redis port=6379" or "socket=/run/redis.sock".
#define REDIS_PLACE_MAX 300
const char *redis_settings_place(const struct redis_settings *settings,
                                 const struct host_address *primary, char out[REDIS_PLACE_MAX]);

// What a log line calls the server that is not available: "Redis", and of several, with its
// address.
const char *redis_settings_what(const struct redis_settings *of_node, char out[REDIS_PLACE_MAX]);

// Makes an address of what a Sentinel has answered. Returns false if it is none.
NODISCARD bool redis_address_set(struct host_address *address, struct span host, struct span port);
