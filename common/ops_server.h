// The operations port for orchestrators: GET /live, /ready and /metrics, on a thread of its own.
//
// It calls the probes from that thread, so they may only read atomics. It has 32 connections at
// most; for a further one the oldest is closed, so that nobody can block it by holding them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

struct ops_probes {
    // The reason why not (a constant string), or NULL when all is well: 200 "ok" or 503 and it.
    const char *(*live)(void *arg);
    const char *(*ready)(void *arg);
    const char *(*role)(void *arg); // may be NULL; else what /ready says in place of "ok"
    // Prometheus text; that of process_metrics.h and its own comes behind it.
    void (*metrics)(void *arg, struct buffer *out);
    void *arg;
};

struct ops_server;

// Listens on `host`:`port`; port 0 picks a free one. Logs the port at info. NULL with one line
// in the log when the port cannot be had.
NODISCARD struct ops_server *ops_server_new(const char *host, uint16_t port,
                                            const struct ops_probes *probes);
uint16_t ops_server_port(const struct ops_server *server);
void ops_server_free(struct ops_server *server);
