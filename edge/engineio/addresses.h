// How many sessions each client address has open. An entry lives while it has sessions.
//
// IPv6 addresses of one /64 count as one, for that is what a single subscriber gets at least.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct addresses;
struct address; // one that has sessions

NODISCARD struct addresses *addresses_new(void);
void addresses_free(struct addresses *addresses); // must be empty

// `text` as http_request.peer has it. All that are no addresses count as one.
size_t addresses_count(const struct addresses *addresses, struct span text);
// One session more. Pass what it returns to addresses_leave() when the session ends.
NODISCARD struct address *addresses_enter(struct addresses *addresses, struct span text);
void addresses_leave(struct addresses *addresses, struct address *address);
