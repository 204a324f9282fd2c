// Clients whose token names a key that the edge does not have, while the set of keys is fetched
// (jwks_refresh.h). Once that is over, after JWKS_TIMEOUT_MS at the latest, their tokens are
// verified again.
//
// Strangers can name keys too: at most KEY_WAITS_MAX clients wait, and hold KEY_WAIT_BYTES.
#pragma once

#include "common/buffer.h"
#include "common/list.h"
#include "common/metrics.h"
#include "edge/gateway/clients/client_ack.h"
#include "edge/gateway/clients/jwks_refresh.h"

#define KEY_WAITS_MAX  1000
#define KEY_WAIT_BYTES ((size_t)4 * 1024 * 1024)

struct key_waits_metrics {
    metric waiting;  // now
    metric begun;    // waits so far
    metric left_out; // tokens that could not wait: too many do, or the set was fetched just before
};

struct key_waits {
    struct jwks_refresh *refresh; // NULL: no set is fetched, so that no token waits
    struct list waiting;          // of struct key_wait, oldest first
    size_t count, bytes;
    struct key_waits_metrics *metrics;
};

// Of one client, which owns it.
struct key_wait {
    struct list node;
    struct key_waits *waits;
    struct client *client;
    size_t bytes;
    void (*on_over)(struct client *client, void *arg);
    void *arg;
    // What a refresh_token keeps.
    struct ack ack;
    struct buffer object;
};

// The caller has set `refresh` and `metrics`.
void key_waits_init(struct key_waits *waits);

// Asks for the set of keys. Returns true if that is fetched now, and a client that holds so many
// bytes meanwhile may wait.
NODISCARD bool key_waits_may_begin(struct key_waits *waits, size_t bytes);
// Lets the client wait. `on_over` is called once, later, unless the wait is freed before, and must
// free it.
void key_wait_begin(struct key_waits *waits, struct client *client, size_t bytes,
                    void (*on_over)(struct client *client, void *arg), void *arg);
// Frees the wait of its client. NULL is ignored.
void key_wait_free(struct key_wait *wait);

// Call when a fetch is over: all waits are.
void key_waits_end(struct key_waits *waits);
