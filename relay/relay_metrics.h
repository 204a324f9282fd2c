// What the relay counts, for Prometheus and for the probes of the operations port.
#pragma once

#include "common/metrics.h"
#include "common/redis_settings.h"
#include "common/reload.h"
#include "relay/api/api_metrics.h"
#include "relay/routing/translate.h"
#include "relay/uplink/uplink_metrics.h"

struct relay_metrics {
    unsigned nodes;                              // how many of `redis` are used
    metric events;                               // taken from RabbitMQ
    metric published;                            // in the log and on the bus
    metric duplicates;                           // redelivered, and in the log already
    metric unreadable;                           // refused for good
    metric dead_letters[TRANSLATE_STATUS_COUNT]; // by reason; TRANSLATE_OK stays unused
    metric dead_letters_safe;
    metric dead_letters_lost;
    metric dead_letters_stripped;
    metric dead_letters_failing;
    metric dead_letters_waiting;
    metric append_retries;
    metric unreplicated;
    struct histogram append_us;    // wait for Redis until a batch is in the log
    struct histogram batch_events; // events in a batch that is in the log
    struct histogram latency_ms;   // of an event, from when it was taken until it is in the log
    metric unacked;                // taken and not acknowledged yet
    metric queued;                 // waiting in RabbitMQ, when last asked
    metric received_bytes;
    metric heartbeats;
    metric superseded, given_up;
    struct reload_metrics reloads;
    metric rabbitmq_outages;
    metric rabbitmq_connected;
    struct relay_redis_metrics {
        metric outages, connected;
    } redis[REDIS_NODES_MAX]; // by server of REDIS_NODES
    metric active;
    metric log_trimmed;
    metric presence_removed; // users and rooms of edges that are gone
    metric left_out;         // routes whose queue cannot be consumed
    metric left_out_first;   // index of the first of them
    metric bindings_refused; // routes whose queue could not be bound to every exchange
    metric obstacle;         // enum relay_obstacle
    metric heard_ms;         // monotonic clock when Redis last answered the check of each second
    metric events_per_second, busy_percent;
    metric turned_ms; // monotonic clock of the last periodic work
    struct api_metrics api;
    struct uplink_metrics uplink;
};

void relay_metrics_print(const struct relay_metrics *metrics, struct buffer *out);
