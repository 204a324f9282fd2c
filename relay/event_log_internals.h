// The inside of the event log, shared by its files: event_log.c has the connection,
// event_log_claim.c finds and raises the tops of the shards, event_log_append.c brings batches in,
// event_log_walk.c reads it backwards, event_log_notes.c notes beside it,
// event_log_room.c keeps it small.
#pragma once

#include <hiredis/hiredis.h>

#include "relay/event_log.h"
#include "relay/outage.h"

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
    struct outage outage;
    bool greeted;    // the connection is fit for use
    uint64_t losses; // of such connections
    bool told_needless_password, told_unmeasured;
    enum event_log_refusal refusal;
    uint64_t grown_bytes; // since the room that the log takes was measured
    uint64_t trimmed;     // entries, to keep the log small
    uint64_t told_full_ms;
};

// event_log.c
// Ends the connection and tells why. Returns false.
bool event_log_lose(struct event_log *log, const char *reason);
// Tells of an error that Redis answered. One of the connection itself ends it.
void event_log_note_error(struct event_log *log, const char *error);
// The next answer, or NULL when the connection is lost. The caller frees it.
redisReply *event_log_next_reply(struct event_log *log);
// One command and its answer; an error is an answer too. NULL: the connection is lost.
redisReply *event_log_ask(struct event_log *log, int argc, const char **argv, const size_t *lens);
#define EVENT_LOG_ASK(log, ...)                                                                    \
    event_log_ask((log), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),      \
                  (const char *[]){__VA_ARGS__}, NULL)
bool reply_is_error(const redisReply *reply, const char *part);
// Takes the reply. What is an error is told, as the reason why Redis cannot be used now.
bool event_log_accept_reply(struct event_log *log, redisReply *reply);

// event_log_claim.c
// The last id that the stream of a shard ever gave out, whether its entry still exists or not.
bool event_log_read_last_id(struct event_log *log, unsigned shard, struct position *out);

// A write was refused, or was taken (NULL).
void event_log_note_write(struct event_log *log, const char *error);

// event_log_room.c
// Redis is out of memory: makes the log smaller by a quarter. False when that is of no use.
bool event_log_make_room(struct event_log *log);

// event_log_walk.c
// The entries of a page, newest first, that stand before `below` ("+": from the top).
redisReply *event_log_read_page(struct event_log *log, unsigned shard, const char *below,
                                size_t count);

// event_log_append.c
bool event_log_load_append_script(struct event_log *log);
