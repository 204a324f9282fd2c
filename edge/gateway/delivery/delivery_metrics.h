// What is counted between the bus and the clients.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/delivery/log_tail.h"

struct delivery_metrics {
    metric envelopes; // that came, by publication or from the log
    metric envelopes_malformed;
    metric envelopes_own;       // published by this edge itself, skipped
    metric envelopes_delivered; // that had members here
    // Of each delivery, see latency.h.
    struct histogram latency_of_relay, latency_of_edges;
    metric duplicates; // positions that were delivered before
    metric gaps;       // times that the log had to be read
    metric log_reads, log_entries;
    metric log_pauses;       // because clients were behind
    metric held_bytes;       // of envelopes that wait for the log
    metric held_dropped;     // over the limit, read again from the log
    metric losses;           // times that the log had lost something
    metric loss_disconnects; // clients that were closed for it
    metric following;        // 1: every shard is up to date
    struct log_tail_metrics tail;
    metric reach_s; // how far back in time the tail reaches

    metric heartbeats;
    metric heartbeat_at_ms; // monotonic; 0: never
};
