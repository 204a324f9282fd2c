// Refuses a connection that no server carries yet.
#pragma once

#include "common/span.h"

// Answers with an HTTP error whose body is `json`, and closes. `phrase` is the status' text.
void refusal_send(int fd, unsigned status, const char *phrase, struct span json);
