// The answers of the HTTP API, which are JSON. An error is {"error":{"code":…,"message":…}}; the
// code is for programs, the message names cause and way out.
#pragma once

#include "common/side_port.h"

enum api_error {
    API_UNAUTHORIZED,
    API_RATE_LIMITED,
    API_NOT_FOUND,
    API_METHOD_NOT_ALLOWED,
    API_BAD_LENGTH,
    API_LENGTH_REQUIRED,
    API_TOO_LARGE,
    API_WRONG_TYPE,
    API_BAD_PATH,
    API_UNKNOWN_ROUTE,
    API_BAD_EVENT,
    API_BAD_IDEMPOTENCY_KEY,
    API_NAME_BUSY,
    API_NAME_USED,
    API_NAMES_UNAVAILABLE,
    API_UNROUTABLE,
    API_BROKER_UNAVAILABLE,
    API_BROKER_BLOCKED,
    API_BROKER_REFUSED,
    API_UNCONFIRMED,
    API_STOPPING,
    API_BAD_BODY,
    API_BAD_ROOM,
    API_NO_PRESENCE,
    API_COMMAND_NOT_BEGUN,
    API_COMMAND_FAILED,
    API_COMMAND_STOPPED,
};

// `detail` follows the message; NULL: there is none. It may hold any bytes.
void api_answer_error(struct side_request *request, enum api_error error, const char *detail);
void api_answer_json(struct side_request *request, unsigned status, struct span json);
