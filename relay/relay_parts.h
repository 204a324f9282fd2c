// The parts of a relay and the state that its files share. Private to relay.c and relay_*.c.
#pragma once

#include <pthread.h>

#include "common/backoff.h"
#include "common/certificates.h"
#include "common/gateway_file/gateway_file.h"
#include "common/ops_server.h"
#include "common/random.h"
#include "common/resolver.h"
#include "proto/letter_headers.h"
#include "relay/event_log/append.h"
#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"
#include "relay/event_log/redelivery.h"
#include "relay/linger.h"
#include "relay/rabbitmq/consumer.h"
#include "relay/rabbitmq/dead_letters.h"
#include "relay/relay_metrics.h"
#include "relay/relay_settings.h"
#include "relay/routing/translate.h"

#define ROLE_WORDS_MAX  512
#define RELAY_ID_PREFIX "relay-"
#define RELAY_SLICE_MS  100 // longest wait before the periodic work is done again

// Why the relay is not ready: it could not deliver an event now or, as a standby, not take over.
enum relay_obstacle {
    OBSTACLE_NONE = 0,
    OBSTACLE_STOPPING,
    OBSTACLE_REDIS,
    OBSTACLE_NODE,
    OBSTACLE_RABBITMQ,
    OBSTACLE_CLAIM,
    OBSTACLE_MEMORY,
    OBSTACLE_REFUSAL,
    OBSTACLE_REPLICAS,
    OBSTACLE_LETTERS, // the queue of dead letters takes none
    OBSTACLE_COUNT,
};

enum relay_role {
    ROLE_STARTING, // neither active nor refused yet, or cut off from RabbitMQ since
    ROLE_ACTIVE,   // consumes, or consumed until RabbitMQ was lost
    ROLE_STANDBY,  // refused by RabbitMQ or Redis: another relay is active
};

struct presence_sweeper;
struct relay_api;
struct relay_uplink;

// A server of Redis: see relay_nodes.h.
struct relay_node {
    struct redis_settings redis;
    struct resolver host;
    struct batch batch;
    struct backoff backoff;
    uint64_t next_try_ms;   // until then the server is not tried again
    struct position logged; // newest event that has left the batch; valid while claimed
    // Valid while claimed. Its events up to `acked` are acknowledged to RabbitMQ; `acked_before` is
    // its value at the last store_acked(), `acked_stored` the value that Redis has.
    struct position acked, acked_before, acked_stored;
};

struct relay {
    const struct relay_settings *settings;
    struct gateway_file *file;   // written by the loop only, and under `routes_lock`
    struct routes *routes;       // of the file
    pthread_mutex_t routes_lock; // other threads read the file
    struct certificates certificates;
    struct rabbit_hosts rabbitmq_hosts;
    struct consumer *consumer;
    struct event_logs logs;
    struct relay_node nodes[REDIS_NODES_MAX];
    struct dead_letters *letters;
    char letter_queue[QUEUE_PREFIX_MAX + sizeof(DEAD_LETTER_KEY)];
    struct translator *translator;
    struct redelivery *redelivery;
    struct sequence sequence;         // valid while claimed
    struct position tops[SHARDS_MAX]; // newest position of each shard in the log
    bool holding;                     // this relay consumes the queues
    bool claimed;                     // and it has claimed the log
    bool superseded;                  // claimed, but another relay has claimed the log since
    bool awaits;                      // the next answers are awaited at once, to measure Redis
    enum relay_role role;
    struct linger linger;
    struct backoff claim_backoff, consumer_backoff;
    uint64_t next_heartbeat_ms, next_count_ms, next_store_ms, stored_ms, stop_by_ms;
    uint64_t next_look_ms; // at the files of certificates
    // Monotonic clock when the log was last usable, or an event was taken for it. Valid while
    // holding.
    uint64_t log_usable_ms;
    uint64_t away_until_ms; // until then the queues are left to other relays
    struct buffer control;
    struct relay_metrics metrics;
    struct ops_server *ops;
    struct relay_api *api;       // NULL: off
    struct relay_uplink *uplink; // NULL: off
    struct presence_sweeper *sweeper;
    char role_words[ROLE_WORDS_MAX]; // written and read by the thread of the operations port
    char id[sizeof(RELAY_ID_PREFIX) + RANDOM_ID_LEN];
};
