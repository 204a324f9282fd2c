// The connection to the log in Redis. append.h writes to it, claim.h makes it this relay's, walk.h
// reads it backwards, size_limit.h trims it, heartbeat.h and acked.h keep what relays tell each
// other beside it.
//
// Blocking, with a limit of EVENT_LOG_ANSWER_MS on every answer. Only this folder knows hiredis.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/resolver.h"

#define EVENT_LOG_CONNECT_MS 500
#define EVENT_LOG_ANSWER_MS  700

// Why Redis does not let the log be written although it is there.
enum event_log_refusal { EVENT_LOG_WRITABLE = 0, EVENT_LOG_NO_MEMORY, EVENT_LOG_REFUSED };

struct event_log_options {
    struct resolver *resolver; // of the host
    int port;
    const char *password; // or NULL
    int db;
    unsigned shards;
    uint64_t max_len;   // entries that each shard keeps, roughly
    uint64_t max_bytes; // that each shard takes in Redis, roughly
};

struct event_log;
NODISCARD struct event_log *event_log_new(const struct event_log_options *options);
void event_log_free(struct event_log *log);

// Connects unless it is connected. Logs the beginning and the end of an outage.
NODISCARD bool event_log_connect(struct event_log *log);
bool event_log_connected(const struct event_log *log);
// Asks whether Redis is there and still the primary. Ends the connection if not.
bool event_log_is_primary(struct event_log *log);
enum event_log_refusal event_log_refusal(const struct event_log *log); // of the last write
// How often the connection was lost.
uint64_t event_log_losses(const struct event_log *log);
unsigned event_log_shards(const struct event_log *log);
