// Calls of the store's scripts that Redis has not answered yet.
//
// Their arguments are kept in case Redis has forgotten the script (it was restarted, or its scripts
// were flushed): then the call is sent again, with the text of the script. It now comes after calls
// that were sent later, which does no harm: nobody sends a call that depends on an answer that is
// still to come.
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
    bool refusal_logged;                 // a refusal was logged, and no call has succeeded since
};

void session_calls_init(struct session_calls *calls);

// Uses a new connection, and loads the scripts on it. `when_loaded` is called when Redis has
// answered for all.
void session_calls_connect(struct session_calls *calls, struct redis_connection *connection,
                           void (*when_loaded)(void *arg), void *arg);

// Sends a call of `script`. Takes over the content of `command`: the script's keys and arguments.
// `request` gets the answer; NULL: nobody does.
void session_calls_send(struct session_calls *calls, enum session_script script,
                        struct redis_command *command, struct session_request *request);
// The request gets no answer any more. Its call is carried out nevertheless.
void session_calls_withdraw(struct session_request *request);
// The connection is gone: ends all calls, and tells their requests that there is no answer.
void session_calls_drop(struct session_calls *calls);
