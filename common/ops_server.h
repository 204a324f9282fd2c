// The operations port for orchestrators: GET /live, /ready and /metrics, on a thread of its own.
//
// The probes are called on that thread, so they may only read atomics. There are at most 32
// connections; side_port.h says what becomes of a further one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

struct ops_probes {
    // Return NULL if all is well, which is answered by 200 "ok", or a constant string with the
    // reason, which is answered by 503.
    const char *(*live)(void *arg);
    const char *(*ready)(void *arg);
    const char *(*role)(void *arg); // text of /ready in place of "ok"; may be NULL
    // Appends Prometheus text. The server's own and that of process_metrics.h are added to it.
    void (*metrics)(void *arg, struct buffer *out);
    void *arg;
};

struct ops_server;

// Listens on `host`:`port`; port 0 picks a free one. Logs the port at info. Returns NULL, with a
// line in the log, if the port cannot be opened.
NODISCARD struct ops_server *ops_server_new(const char *host, uint16_t port,
                                            const struct ops_probes *probes);
uint16_t ops_server_port(const struct ops_server *ops);
void ops_server_free(struct ops_server *ops);
