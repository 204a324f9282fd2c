// Reads the answers of the session scripts and passes them to the requests that wait for them.
#pragma once

#include "edge/adapters/redis/redis_connection.h"
#include "edge/adapters/redis/session_scripts.h"
#include "edge/gateway/clients/session_store.h"

// Reads the answer of `script` and calls the request's handler. The request of a claim is embedded
// in a struct session_claiming. `value` is NULL when there is no answer.
void session_answer_tell(struct session_request *request, enum session_script script,
                         const struct redis_value *value);
