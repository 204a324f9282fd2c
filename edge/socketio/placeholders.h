// Where binary data belongs in a packet's JSON: objects {"_placeholder":true,"num":<index>}.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

// Whether each placeholder, at whatever depth, names one of `attachments` binary messages.
// `json` is text that sio_packet_decode() let through.
NODISCARD bool placeholders_fit(struct span json, uint32_t attachments);
