// One connection to Redis on the edge's loop. The one module that knows hiredis.
//
// The adapter for libuv that hiredis 0.14 brings ignores errors of the poll, so that a refused
// connection is never reported, and leaks where polling cannot start. This one does neither.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"
#include "edge/adapters/event_loop.h"

struct redis_connection;

struct redis_connection_handlers {
    // It broke, or was refused. Called at most once; redis_connection_close() is still to follow.
    void (*on_broken)(const char *reason, void *arg);
    // After redis_connection_close(): its handle is closed.
    void (*on_closed)(void *arg);
    void *arg;
};

// Begins to connect; commands may be sent at once. NULL with a reason when that is not possible.
NODISCARD struct redis_connection *
redis_connection_new(struct event_loop *loop, const char *address, uint16_t port,
                     const struct redis_connection_handlers *handlers, const char **reason);
// Ends it, whatever is unanswered. No handler but on_closed is called any more.
void redis_connection_close(struct redis_connection *connection);

// Whether the other side has answered on TCP, be it by refusing.
bool redis_connection_is_answered(const struct redis_connection *connection);

// What Redis answered. Borrowed until the callback returns.
struct redis_value;

// `tag` is what was given with the command.
typedef void (*redis_answer_fn)(const struct redis_value *value, uintptr_t tag, void *arg);

// Sends a command in hiredis' format ("GET %s"). `on_answer` is called once, or for SUBSCRIBE with
// everything that is pushed, and not at all if the connection ends first.
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
// The elements of an array; none for anything else.
size_t redis_value_count(const struct redis_value *value);
const struct redis_value *redis_value_item(const struct redis_value *value, size_t i);
