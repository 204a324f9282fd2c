// Refuses a connection that was not handed to a server.
#pragma once

#include "common/span.h"

// Answers with an HTTP error whose body is `json`, and closes `fd`. `phrase` is the reason phrase
// of the status.
void refusal_send(int fd, unsigned status, const char *phrase, struct span json);
