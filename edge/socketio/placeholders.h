// Placeholders mark where a binary packet's attachments belong in its JSON: objects
// {"_placeholder":true,"num":<index>}. (Socket.IO protocol 5, "Packet encoding".)
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

// True if the index of each placeholder, at any depth, is below `attachments`, the number of binary
// messages. `args` are checked JSON values with commas between them, from an array that nests no
// deeper than SIO_JSON_DEPTH_MAX.
NODISCARD bool placeholders_are_valid(struct span args, uint32_t attachments);
