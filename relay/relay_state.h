// What the parts of the relay share: relay.c puts them together, relay_role.c makes
// it active, relay_turn.c is what it does then,
// relay_duties.c what must go on meanwhile, relay_observe.c what they say of themselves.
#pragma once

#include "common/backoff.h"
#include "common/ops_server.h"
#include "common/random.h"
#include "relay/batch.h"
#include "relay/dead_letters.h"
#include "relay/event_log.h"
#include "relay/event_source.h"
#include "relay/pace.h"
#include "relay/redelivery.h"
#include "relay/relay.h"
#include "relay/relay_metrics.h"
#include "relay/translate.h"

#define ROLE_WORDS_MAX  512
#define RELAY_ID_PREFIX "relay-"
#define RELAY_SLICE_MS  100 // the longest wait after which the loop looks around

// Why an event could not be delivered now, or not be taken over.
enum relay_obstacle {
    OBSTACLE_NONE = 0,
    OBSTACLE_STOPPING,
    OBSTACLE_REDIS,
    OBSTACLE_RABBITMQ,
    OBSTACLE_CLAIM,
    OBSTACLE_MEMORY,
    OBSTACLE_REFUSAL,
    OBSTACLE_LETTERS, // dead letters cannot be put aside
    OBSTACLE_COUNT,
};

enum role {
    ROLE_STARTING, // not refused and not active yet
    ROLE_ACTIVE,   // consumes, or did until RabbitMQ was lost
    ROLE_STANDBY,  // refused: another one is active
};

struct relay {
    const struct relay_settings *settings;
    const struct routes *routes;
    struct resolver rabbitmq_host, redis_host;
    struct event_source *source;
    struct event_log *log;
    struct dead_letters *letters;
    char letter_queue[QUEUE_PREFIX_MAX + sizeof(DEAD_LETTER_KEY)];
    struct translator *translator;
    struct redelivery *redelivery;
    struct batch batch;
    size_t unacked_count;             // events in the log whose acknowledgement is held back
    uint64_t unacked_tag;             // of the last of them
    struct sequence sequence;         // while claimed
    struct position tops[SHARDS_MAX]; // of what is in the log
    struct position logged;           // while claimed: the newest event in the log
    // While claimed: all up to here was acknowledged; had been a while ago; is noted beside the
    // log.
    struct position acked, acked_before, acked_noted;
    bool holding;    // the source is consumed
    bool claimed;    // and the log is ours
    bool superseded; // or was, before another relay claimed it
    enum role role;
    struct pace pace;
    struct backoff log_backoff, source_backoff;
    uint64_t next_heartbeat_ms, next_count_ms, next_note_ms, noted_ms, stop_by_ms;
    uint64_t log_usable_ms; // while holding: when the log was there last
    uint64_t away_until_ms; // the source is left to others
    struct buffer control;
    struct relay_metrics metrics;
    struct ops_server *ops;
    char role_words[ROLE_WORDS_MAX]; // of the operations port
    char id[sizeof(RELAY_ID_PREFIX) + RANDOM_ID_LEN];
};

// Whether relay_stop() was called.
bool relay_stopping(void);
// Whether a stop was asked for so long ago that what is left is left to the next relay.
bool relay_out_of_time(struct relay *relay);

// What must happen however long something else takes; called at least every few hundred ms.
void relay_look_around(struct relay *relay);
// Waiting keeps heartbeats and connections alive and ends early when a stop is asked for.
void relay_wait(struct relay *relay, uint64_t ms);

// Tries to become active, or to stay so; waits a little where it is not possible now.
bool relay_is_active(struct relay *relay);
// Everything that was delivered and not acknowledged will come again, to us or to another.
void relay_on_source_lost(struct relay *relay);
// Gives that back to RabbitMQ, and with it being active.
void relay_leave_source(struct relay *relay);
// Redis itself has said that another relay is active. Without acknowledgement the events of the
// batch go to that one.
void relay_stand_down(struct relay *relay);
// A relay that holds the queues and has long been unable to use the log stands in the way of one
// that can: it leaves them, and the batch. True when it has.
bool relay_gives_up(struct relay *relay);

// One turn of the loop: take, translate, append and publish, acknowledge.
void relay_turn(struct relay *relay);
// The parts of a turn that draining needs as well.
void relay_acknowledge(struct relay *relay); // what was held back
// What the metrics say: of the relay as it is now, and of a batch that is in the log.
void relay_observe(struct relay *relay, uint64_t now_ms);
// Why it is not ready, in words; NULL when it is. Reads atomics only.
// "ok (active)", and what is amiss nevertheless. Reads atomics and constants only.
void relay_role_words(const struct relay *relay, char *out, size_t size);
const char *relay_obstacle_words(const struct relay_metrics *metrics, uint64_t now_ms);
void relay_observe_batch(struct relay *relay, uint64_t began_us);
// Asks RabbitMQ now and then how many events wait there. Only while active.
void relay_count_waiting(struct relay *relay);
