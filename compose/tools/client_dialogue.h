// The client's side of a Socket.IO 5 conversation over one Engine.IO 4 WebSocket: texts come in,
// texts to send and events go out through callbacks. Knows nothing of sockets or timers.
//
//     open 0{…} ──▶ send 40{token} ──▶ 40{sid} ──▶ connected, joins sent ──▶ events …
//                                  └─▶ 44{message} ──▶ refused
//
// What recovery needs (the session's secret id and the last position) outlives the connection.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

struct client_dialogue;

struct client_callbacks {
    // Sends one WebSocket text. Borrowed until return.
    void (*send)(void *arg, struct span text);
    // The server pings each `interval_ms` and gives up after `timeout_ms` without an answer.
    void (*on_open)(void *arg, uint64_t interval_ms, uint64_t timeout_ms);
    void (*on_ping)(void *arg);
    void (*on_connected)(void *arg, const char *sid, bool recovered);
    // `name` is a JSON text with its quotes, `args` a JSON array; `position` is empty or a JSON
    // text. All are borrowed until return.
    void (*on_event)(void *arg, struct span name, struct span args, struct span position);
    // The answer to a join: `answer` is the JSON array of the acknowledgement.
    void (*on_joined)(void *arg, const char *room, bool joined, struct span answer);
    // The gateway will not have this client; trying again is no use.
    void (*on_refused)(void *arg, const char *reason);
    // The peer broke the protocol or said good-bye: close the connection.
    void (*on_broken)(void *arg, const char *reason);
};

// `rooms` ("conversation:42") are joined after each connect. All arguments are borrowed for the
// dialogue's life; `token` may be NULL.
NODISCARD struct client_dialogue *client_dialogue_new(const char *token, char *const *rooms,
                                                      size_t room_count,
                                                      const struct client_callbacks *callbacks,
                                                      void *arg);
void client_dialogue_free(struct client_dialogue *dialogue);

// A new connection begins; the first text is the server's open packet.
void client_dialogue_restart(struct client_dialogue *dialogue);

// Handles one whole WebSocket text.
void client_dialogue_take(struct client_dialogue *dialogue, struct span text);
