// The header `traceparent` of the W3C trace context, which the gateway passes on.
#pragma once

#include <stdbool.h>

#include "common/span.h"

// True for version 00, or a later version of the same form.
bool is_traceparent(struct span text);
