// The struct event_log and what the files of this folder share. Private to them.
#pragma once

#include "common/outage_log.h"
#include "common/redis/redis_dialer.h"
#include "proto/envelope.h"
#include "proto/redis_keys.h"
#include "relay/event_log/event_log.h"

#define SHA_LEN      40
#define REFUSED_XADD "equal or smaller" // part of the error for an id that is not above the last
#define FLIGHTS_MAX  16

struct batch;

// A part of a batch that was sent, and whose answers were not read.
struct flight {
    struct position last[SHARDS_MAX]; // its last event of each shard; or none
    uint64_t from, until;             // its entries, counted as `left` of the batch is
    uint64_t sent_us;                 // monotonic clock
    size_t bytes;
    bool marked; // it had no event, and something else was written before the WAIT
};

struct event_log {
    struct event_log_options options;
    struct redis_names names;
    struct redis_dialer dialer;
    redisContext *redis; // NULL: not connected
    char append_sha[SHA_LEN + 1];
    char log_keys[SHARDS_MAX][REDIS_SHARD_KEY_MAX];
    char bus_channels[SHARDS_MAX][REDIS_SHARD_KEY_MAX];
    char max_len[21];
    struct batch *batch; // whose parts are in flight
    struct flight flights[FLIGHTS_MAX];
    unsigned flight_first, flight_count; // the oldest, and how many follow from it on
    // Takes the answers of all flights. Set before the first.
    void (*settle)(struct event_log *log);
    void *early; // an answer that came together with others; NULL: none
    struct envelope_decoder *decoder;
    struct buffer command; // the EVALSHA that is written
    struct outage_log outage;
    char what[REDIS_PLACE_MAX];
    bool usable;           // the connection was prepared completely
    uint64_t losses;       // of usable connections
    uint64_t unreplicated; // answers that too few replicas have a batch
    bool needless_password_logged, unmeasured_logged;
    enum event_log_refusal refusal;
    uint64_t grown_bytes; // appended since the memory of the log was measured
    uint64_t trimmed;     // entries, to make the log smaller
    uint64_t full_logged_ms;
};

#define EVENT_LOG_EACH_SHARD(log, i)                                                               \
    for (unsigned i = (log)->options.node; i < (log)->options.shards; i += (log)->options.nodes)

// Ends the connection and logs the reason. Returns false.
bool event_log_lose(struct event_log *log, const char *reason);
// Logs an error that Redis answered. An error about the connection ends it (redis_error.h).
void event_log_report_error(struct event_log *log, const char *error);
// Reads the next answer. NULL if the connection is lost. The caller frees it.
redisReply *event_log_next_reply(struct event_log *log);
// True if the next answer was read from the network already.
bool event_log_has_reply(struct event_log *log);
// Sends one command and reads its answer, which may be an error; before that it takes the answers
// of all flights. `lens` may be NULL for C strings. NULL if there is no connection or it is lost.
// The caller frees the answer.
redisReply *event_log_ask(struct event_log *log, int argc, const char **argv, const size_t *lens);
#define EVENT_LOG_ASK(log, ...)                                                                    \
    event_log_ask((log), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),      \
                  (const char *[]){__VA_ARGS__}, NULL)
// True if the reply is an error that contains `part`.
bool reply_is_error(const redisReply *reply, const char *part);
// Frees the reply. Returns false if it is NULL or an error; logs the error.
bool event_log_accept_reply(struct event_log *log, redisReply *reply);

// Notes that a write was taken, with NULL, or refused with this error. That replicas are missing
// stays until a batch is with them.
void event_log_record_write(struct event_log *log, const char *error);

// Loads the script of append.c: once for each connection, and again if Redis has forgotten it.
bool event_log_load_append_script(struct event_log *log);
