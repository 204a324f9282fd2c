// A WebSocket client with an event loop of its own. It connects, reconnects, and passes on complete
// text messages.
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
    // The text is borrowed until return.
    void (*on_text)(void *arg, struct span text);
    // The connection was lost or could not be made. The next attempt follows after `retry_ms`; with
    // CLIENT_NO_RETRY there is none and the loop ends.
    void (*on_down)(void *arg, const char *reason, uint64_t retry_ms);
};

#define CLIENT_NO_RETRY UINT64_MAX

// Returns NULL, with the reason on stderr, on failure. Borrows the callbacks and the strings of the
// options for its life.
NODISCARD struct client_connection *
client_connection_new(const struct client_connection_options *options,
                      const struct client_connection_callbacks *callbacks, void *arg);
void client_connection_free(struct client_connection *connection);

// Runs until client_connection_stop(), the time limit, or a loss after which there is no attempt.
void client_connection_run(struct client_connection *connection);

// Ends the loop soon. May be called in callbacks and in a signal handler.
void client_connection_stop(struct client_connection *connection);

// True if the time limit has ended the loop.
bool client_connection_timed_out(const struct client_connection *connection);

// Copies and sends a text. Drops it if there is no connection.
void client_connection_send(struct client_connection *connection, struct span text);

// Closes the connection for this reason; on_down follows as after any loss. Borrows `reason`, which
// must be a literal.
void client_connection_drop(struct client_connection *connection, const char *reason);

// The client is connected to the gateway: after the next loss the waits between attempts begin
// short again.
void client_connection_settled(struct client_connection *connection);

// If the server sends no ping within this time, the connection counts as lost. Call it again at
// each ping.
void client_connection_expect_within(struct client_connection *connection, uint64_t ms);
