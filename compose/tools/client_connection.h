// A WebSocket client with its own event loop: connects, reconnects, hands whole texts up.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct client_connection;

struct client_connection_options {
    const char *host;
    int port;
    const char *path;
    bool once;           // do not reconnect
    uint64_t timeout_ms; // end after this time; 0: never
};

struct client_connection_callbacks {
    void (*on_up)(void *arg);
    // Borrowed until return.
    void (*on_text)(void *arg, struct span text);
    // The connection is gone or could not be made. `retry_ms` is when the next try follows; with
    // UINT64_MAX there is none and the loop ends.
    void (*on_down)(void *arg, const char *reason, uint64_t retry_ms);
};

#define CLIENT_NO_RETRY UINT64_MAX

// NULL with the reason on stderr. Options' texts and the callbacks are borrowed for its life.
NODISCARD struct client_connection *
client_connection_new(const struct client_connection_options *options,
                      const struct client_connection_callbacks *callbacks, void *arg);
void client_connection_free(struct client_connection *connection);

// Runs until client_connection_stop(), the time limit, or a connection that is not retried.
void client_connection_run(struct client_connection *connection);

// Ends the loop soon; may be called in callbacks and in a signal handler.
void client_connection_stop(struct client_connection *connection);

// True when the time limit ended the loop.
bool client_connection_timed_out(const struct client_connection *connection);

// Sends a text. Copies.
void client_connection_send(struct client_connection *connection, struct span text);

// Closes the connection for this reason and goes on as after any loss. The reason is borrowed
// and must be a literal.
void client_connection_drop(struct client_connection *connection, const char *reason);

// The conversation stands: after the next loss the tries begin in quick succession again.
void client_connection_settled(struct client_connection *connection);

// The server must be heard of again within this time, or the connection counts as lost.
void client_connection_expect_within(struct client_connection *connection, uint64_t ms);
