// The log and the bus in Redis: append and publish in one atomic step, and claim the log.
//
// Blocking, with a limit of EVENT_LOG_ANSWER_MS on every answer. The only module that knows
// hiredis.
//
// Claiming: a relay that becomes active takes an epoch above everything in the log and raises the
// top of every shard to it. From then on Redis refuses whatever a relay of an older epoch still
// sends, even if it was on its way already.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "relay/batch.h"
#include "relay/resolver.h"

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

enum event_log_status {
    EVENT_LOG_OK,
    EVENT_LOG_FAILED,     // Redis is away or unwilling: try again later
    EVENT_LOG_SUPERSEDED, // another relay has claimed the log: stop being active
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

// Claims the log: a fresh epoch, not below `now_ms`, and where each shard ends.
NODISCARD bool event_log_claim(struct event_log *log, uint64_t now_ms, struct sequence *out);
// The newest entry of each shard.
NODISCARD bool event_log_read_tops(struct event_log *log, struct position tops[SHARDS_MAX]);

// A way back through the log, shard by shard.
struct log_walk {
    char below[SHARDS_MAX][POSITION_TEXT_MAX + 1]; // what was visited last
    bool at_start[SHARDS_MAX];                     // nothing is left
    unsigned page;                                 // entries that are read at once
};

// Begins with the newest entries below a position.
void event_log_walk_init(struct log_walk *walk, struct position below);
// Calls `visit` with the id of each event of the next page of a shard, newest first.
typedef void (*log_entry_fn)(struct span id, struct position position, void *arg);
NODISCARD bool event_log_walk_on(struct event_log *log, struct log_walk *walk, unsigned shard,
                                 log_entry_fn visit, void *arg);

// Puts a fresh batch on its way and does not wait. Nothing but event_log_append() may follow.
void event_log_send(struct event_log *log, struct batch *batch);

// Appends and publishes what of the batch is not in the log yet, and marks it as logged. After a
// lost answer it first asks Redis what is in.
NODISCARD enum event_log_status event_log_append(struct event_log *log, struct batch *batch);

// Trims what is more than `max_bytes`. Cheap unless much was appended. Call between batches.
void event_log_keep_within_bytes(struct event_log *log);
// How many entries were trimmed, for want of bytes or of memory.
uint64_t event_log_trimmed(const struct event_log *log);

enum event_log_speech {
    EVENT_LOG_UNHEARD, // Redis could not be had
    EVENT_LOG_HEARD,
    EVENT_LOG_SILENT, // another one speaks
};

// Publishes a heartbeat, unless another relay has within the last seconds. `over_others`: does so
// all the same, and from now on it is the other one that is silent.
NODISCARD enum event_log_speech event_log_speak(struct event_log *log, struct span message,
                                                const char *speaker, bool over_others);
// Whether another relay has claimed the log since `epoch`. False also when that cannot be known.
bool event_log_is_superseded(struct event_log *log, uint64_t epoch);
// Notes up to where the log is known to be acknowledged. Shows whether Redis takes writes, and
// makes room where it has no memory left.
NODISCARD bool event_log_note_acked(struct event_log *log, struct position acked);
// What was noted last, by whatever relay; none when nothing was.
NODISCARD bool event_log_read_acked(struct event_log *log, struct position *out);
