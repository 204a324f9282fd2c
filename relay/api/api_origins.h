// The web pages that may use the HTTP API: none, unless API_CORS_ORIGIN names their origins. It is
// for the console in development. A page needs a key like every other client.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/side_port.h"

// A line in `errors` for each entry of the list that no page's origin can equal.
void api_origins_check(const char *list, struct buffer *errors);

// Lets the page that the request comes from read the answer, if `list` has its origin. A request
// that only asks whether the page may send another one is answered: true then.
NODISCARD bool api_origins_admit(const char *list, struct side_request *request);
