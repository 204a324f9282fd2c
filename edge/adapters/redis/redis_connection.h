// One connection to Redis on the edge's loop. The one module that knows hiredis.
//
// It replaces the libuv adapter of hiredis 0.14, which ignores errors of the poll, so that a
// refused connection is never reported, and which leaks memory when polling cannot start.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/redis/redis_tls.h"
#include "common/span.h"
#include "edge/adapters/event_loop.h"

struct redis_connection;

struct redis_connection_handlers {
    // The connection broke, or was refused. Called at most once. The owner must still call
    // redis_connection_close().
    void (*on_broken)(const char *reason, void *arg);
    // Called after redis_connection_close(), when the handle is closed.
    void (*on_closed)(void *arg);
    void *arg;
};

struct redis_endpoint {
    const char *address; // numeric; with port 0 the path of a socket
    uint16_t port;
    struct tls_store *tls; // NULL: plain
    const char *host;      // that the certificate must be for
};

// Begins to connect; commands may
// be sent at once. NULL, with the reason in `reason`, when that is not possible.
NODISCARD struct redis_connection *
redis_connection_new(struct event_loop *loop, const struct redis_endpoint *endpoint,
                     const struct redis_connection_handlers *handlers, const char **reason);
// Ends the connection at once, even with commands unanswered. Afterwards only on_closed is called.
// NULL is ignored.
void redis_connection_close(struct redis_connection *connection);

// True if the other side has answered on TCP, even if by refusing the connection.
bool redis_connection_is_answered(const struct redis_connection *connection);

// What Redis answered. Borrowed until the callback returns.
struct redis_value;

// `tag` is what was given with the command.
typedef void (*redis_answer_fn)(const struct redis_value *value, uintptr_t tag, void *arg);

// Sends a command in hiredis' format ("GET %s"). `on_answer` is called once; for SUBSCRIBE with
// each push; and not at all if the connection ends first.
void redis_connection_send(struct redis_connection *connection, redis_answer_fn on_answer,
                           uintptr_t tag, const char *format, ...);

// The same with arguments of any bytes. Copies them.
void redis_connection_send_argv(struct redis_connection *connection, redis_answer_fn on_answer,
                                uintptr_t tag, size_t argc, const char *const *args,
                                const size_t *lens);

// The text of an error reply, or NULL.
const char *redis_value_error(const struct redis_value *value);
// The bytes of a text; empty for anything else.
struct span redis_value_text(const struct redis_value *value);
// A number; 0 for anything else.
int64_t redis_value_number(const struct redis_value *value);
// The elements of an array; none for anything else.
size_t redis_value_count(const struct redis_value *value);
// The i-th element of an array; `i` is less than redis_value_count().
const struct redis_value *redis_value_item(const struct redis_value *value, size_t i);
