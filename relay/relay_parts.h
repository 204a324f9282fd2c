// The parts of a relay, and the state that its files share. Private to relay_*.c and relay.c.
#pragma once

#include "common/backoff.h"
#include "common/ops_server.h"
#include "common/random.h"
#include "common/resolver.h"
#include "relay/event_log/append.h"
#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"
#include "relay/event_log/redelivery.h"
#include "relay/linger.h"
#include "relay/rabbitmq/consumer.h"
#include "relay/rabbitmq/dead_letters.h"
#include "relay/relay_metrics.h"
#include "relay/relay_settings.h"
#include "relay/routing/routes.h"
#include "relay/routing/translate.h"

#define ROLE_WORDS_MAX  512
#define RELAY_ID_PREFIX "relay-"
#define RELAY_SLICE_MS  100 // the longest time between two turns of the periodic work

// Why the relay cannot deliver events now, or could not take over.
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

enum relay_role {
    ROLE_STARTING, // not refused and not active yet
    ROLE_ACTIVE,   // consumes, or did until RabbitMQ was lost
    ROLE_STANDBY,  // refused: another one is active
};

struct relay {
    const struct relay_settings *settings;
    const struct routes *routes;
    struct resolver rabbitmq_host, redis_host;
    struct consumer *consumer;
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
    // While claimed: all up to here was acknowledged; had been a while ago; is stored beside the
    // log.
    struct position acked, acked_before, acked_stored;
    bool holding;    // the queues are consumed
    bool claimed;    // and the log is ours
    bool superseded; // or was, before another relay claimed it
    enum relay_role role;
    struct linger linger;
    struct backoff log_backoff, consumer_backoff;
    uint64_t next_heartbeat_ms, next_count_ms, next_store_ms, stored_ms, stop_by_ms;
    uint64_t log_usable_ms; // while holding: when the log was there last
    uint64_t away_until_ms; // the queues are left to others
    struct buffer control;
    struct relay_metrics metrics;
    struct ops_server *ops;
    char role_words[ROLE_WORDS_MAX]; // of the operations port
    char id[sizeof(RELAY_ID_PREFIX) + RANDOM_ID_LEN];
};
