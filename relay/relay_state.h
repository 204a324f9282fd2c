// What the parts of the relay share: relay.c puts them together, relay_turn.c is what they do,
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

#define RELAY_ID_PREFIX "relay-"
#define RELAY_SLICE_MS  100 // the longest wait after which the loop looks around

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
    bool claimed; // the log is ours and the source is consumed
    enum role role;
    struct pace pace;
    struct backoff log_backoff, source_backoff, letter_backoff;
    uint64_t next_heartbeat_ms, next_letters_ms, next_count_ms, next_note_ms, stop_by_ms;
    struct buffer control;
    struct relay_metrics metrics;
    struct ops_server *ops;
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

// One turn of the loop: take, translate, append and publish, acknowledge.
void relay_turn(struct relay *relay);
// The parts of a turn that draining needs as well.
void relay_acknowledge(struct relay *relay); // what was held back
void relay_send_dead_letters(struct relay *relay);
// What the metrics say: of the relay as it is now, and of a batch that is in the log.
void relay_observe(struct relay *relay, uint64_t now_ms);
void relay_observe_batch(struct relay *relay, uint64_t began_us);
// Asks RabbitMQ now and then how many events wait there. Only while active.
void relay_count_waiting(struct relay *relay);
