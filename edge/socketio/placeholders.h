// Where binary data belongs in a packet's JSON: objects {"_placeholder":true,"num":<index>}.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

// Whether each placeholder, at whatever depth, names one of `attachments` binary messages.
// `args` are checked values with commas between them, within an array that nests no deeper than
// SIO_JSON_DEPTH_MAX.
NODISCARD bool placeholders_are_valid(struct span args, uint32_t attachments);
