// The client's side of Socket.IO (protocol revision 5) over one Engine.IO 4 WebSocket. Texts come
// in; texts to send and events go out through callbacks. There is no I/O and no timer.
//
//     open 0{…} ──▶ send 40{token} ──▶ 40{sid} ──▶ connected, joins sent ──▶ events …
//                                  └─▶ 44{message} ──▶ refused
//
// The session's secret id and the last position, which recovery needs, outlive the connection.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

struct client_dialogue;

struct client_callbacks {
    // Sends one WebSocket text, which is borrowed until return.
    void (*send)(void *arg, struct span text);
    // The server pings every `interval_ms` and gives up if no answer comes within `timeout_ms`.
    void (*on_open)(void *arg, uint64_t interval_ms, uint64_t timeout_ms);
    void (*on_ping)(void *arg);
    void (*on_connected)(void *arg, const char *sid, bool recovered);
    // `name` is a JSON string with its quotes, `args` a JSON array, `position` a JSON string or
    // empty. All are borrowed until return.
    void (*on_event)(void *arg, struct span name, struct span args, struct span position);
    // The answer to a join. `answer` is the JSON array of the acknowledgement.
    void (*on_joined)(void *arg, const char *room, bool joined, struct span answer);
    // The gateway has refused this client; trying again is of no use.
    void (*on_refused)(void *arg, const char *reason);
    // The server broke the protocol or closed the connection: close it.
    void (*on_broken)(void *arg, const char *reason);
};

// Joins `rooms` ("conversation:42") after each connect. Borrows all arguments for its life. `token`
// may be NULL.
NODISCARD struct client_dialogue *client_dialogue_new(const char *token, char *const *rooms,
                                                      size_t room_count,
                                                      const struct client_callbacks *callbacks,
                                                      void *arg);
void client_dialogue_free(struct client_dialogue *dialogue);

// A new connection has begun; its first text must be the server's open packet.
void client_dialogue_restart(struct client_dialogue *dialogue);

// Handles one complete WebSocket text.
void client_dialogue_take(struct client_dialogue *dialogue, struct span text);
