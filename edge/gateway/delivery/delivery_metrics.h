// Metrics of the way from the bus to the clients.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/log_tail.h"

struct delivery_metrics {
    metric envelopes; // received by publication
    metric envelopes_malformed;
    metric envelopes_own;       // published by this edge itself and skipped
    metric envelopes_delivered; // whose room has members here
    // One observation for each delivery to a client, see latency.h.
    struct histogram latency_of_relay, latency_of_edges;
    metric duplicates; // publications at or below the delivered position
    metric gaps;       // times that a publication or heartbeat showed missing entries
    metric log_reads, log_entries;
    metric log_pauses;       // reads that waited because clients were behind
    metric held_bytes;       // of publications that wait until the log is read
    metric held_dropped;     // times that a shard's held publications exceeded the limit
    metric losses;           // times that entries were missing in the log
    metric loss_disconnects; // clients that were closed because of a loss
    metric following;        // 1: the bus is up and every shard's place in the log is known
    struct log_tail_metrics tail;
    metric reach_s; // how many seconds back the tail reaches

    metric heartbeats;
    // When the last one came over each part of the bus, monotonic clock; 0: none yet.
    metric heartbeat_at_ms[BUS_PARTS_MAX];
    metric heartbeat_parts; // how many there are; 0: no heartbeat yet
};
