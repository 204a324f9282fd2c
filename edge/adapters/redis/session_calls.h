// Calls of the store's scripts that Redis has not answered yet.
//
// Their arguments are kept for the case that Redis has forgotten the script (it was restarted, or
// its scripts were flushed): then the call is sent once more, whole. It goes behind what was sent
// since, which is no harm: whoever waits for an answer has sent nothing that depends on it.
#pragma once

#include "common/list.h"
#include "edge/adapters/redis/redis_command.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/adapters/redis/session_scripts.h"
#include "edge/gateway/clients/session_store.h"

struct session_calls {
    struct session_scripts scripts;
    struct redis_connection *connection; // NULL: none
    struct list unanswered;              // of struct session_call, in the order of sending
    bool refusal_told;                   // that Redis does not do what it is asked
};

void session_calls_init(struct session_calls *calls);

// A new connection, on which the scripts are loaded first. `when_loaded` is called when they are.
void session_calls_connect(struct session_calls *calls, struct redis_connection *connection,
                           void (*when_loaded)(void *arg), void *arg);

// Takes the command over, whose keys and arguments are those of the script. `request` hears of the
// answer; NULL: nobody wants to.
void session_calls_send(struct session_calls *calls, enum session_script script,
                        struct redis_command *command, struct session_request *request);
// The request hears of nothing any more; its call goes on.
void session_calls_withdraw(struct session_request *request);
// The connection is gone: nothing is answered any more, and whoever waits is told so.
void session_calls_drop(struct session_calls *calls);
