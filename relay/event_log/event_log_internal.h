// The inside of the event log, for the files of this folder.
#pragma once

#include <hiredis/hiredis.h>

#include "common/outage_log.h"
#include "proto/envelope.h"
#include "proto/redis_keys.h"
#include "relay/event_log/event_log.h"

#define SHA_LEN      40
#define REFUSED_XADD "equal or smaller" // part of Redis' words when an id is not above the top

struct event_log {
    struct event_log_options options;
    redisContext *redis; // NULL: not connected
    char append_sha[SHA_LEN + 1];
    char log_keys[SHARDS_MAX][REDIS_SHARD_KEY_MAX];
    char bus_channels[SHARDS_MAX][REDIS_SHARD_KEY_MAX];
    char max_len[21];
    bool answers_due;      // a batch is on its way
    bool sent[SHARDS_MAX]; // which shards it has a command for
    struct envelope_decoder *decoder;
    const char **args; // of one EVALSHA
    size_t *arg_lens;
    size_t arg_cap;
    char (*ids)[POSITION_TEXT_MAX]; // the positions among them
    struct outage_log outage;
    bool usable;     // the connection is fit for use
    uint64_t losses; // of such connections
    bool needless_password_logged, unmeasured_logged;
    enum event_log_refusal refusal;
    uint64_t grown_bytes; // since the room that the log takes was measured
    uint64_t trimmed;     // entries, to keep the log small
    uint64_t full_logged_ms;
};

// Ends the connection and logs why. Returns false.
bool event_log_lose(struct event_log *log, const char *reason);
// Logs an error that Redis answered. One of the connection itself ends it.
void event_log_report_error(struct event_log *log, const char *error);
// The next answer, or NULL when the connection is lost. The caller frees it.
redisReply *event_log_next_reply(struct event_log *log);
// One command and its answer; an error is an answer too. NULL: the connection is lost.
redisReply *event_log_ask(struct event_log *log, int argc, const char **argv, const size_t *lens);
#define EVENT_LOG_ASK(log, ...)                                                                    \
    event_log_ask((log), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),      \
                  (const char *[]){__VA_ARGS__}, NULL)
bool reply_is_error(const redisReply *reply, const char *part);
// Frees the reply. An error is logged as the reason why Redis cannot be used; false then.
bool event_log_accept_reply(struct event_log *log, redisReply *reply);

// A write was refused, or was taken (NULL).
void event_log_record_write(struct event_log *log, const char *error);

// Loads the script that append.c calls: once a connection, and when Redis has forgotten it.
bool event_log_load_append_script(struct event_log *log);
