// What Redis answers to the session store, told to whoever asked.
#pragma once

#include "edge/adapters/redis/redis_connection.h"
#include "edge/adapters/redis/session_scripts.h"
#include "edge/gateway/clients/session_store.h"

// Reads the answer of the script and calls the request's handler; a claim's request is that of a
// struct session_claiming. `value` is NULL when there is no answer.
void session_answer_tell(struct session_request *request, enum session_script script,
                         const struct redis_value *value);
