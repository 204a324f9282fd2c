// Translates an event of a service into the envelope for the edges. Pure: no clock, no network.
#pragma once

#include "common/buffer.h"
#include "proto/envelope.h"
#include "relay/routing/event.h"

enum translate_status {
    TRANSLATE_OK,
    TRANSLATE_TOO_BIG,
    TRANSLATE_NOT_JSON,
    TRANSLATE_NOT_OBJECT,
    TRANSLATE_NO_ROOM,
    TRANSLATE_BAD_ROOM,
    TRANSLATE_NO_LIST,
    TRANSLATE_TOO_MANY_ROOMS,
    TRANSLATE_STATUS_COUNT
};

// The reason as a constant text, for logs and dead letters.
const char *translate_status_str(enum translate_status status);

struct translator;
NODISCARD struct translator *translator_new(size_t max_event_bytes);
void translator_free(struct translator *translator);

// Fills `out` except position, prev and origin. Its views are valid until the next call and as long
// as the event. `created_at_ms` is when the relay received the event: AMQP's own timestamp has
// whole seconds, too coarse to measure a latency with.
NODISCARD enum translate_status translate(struct translator *translator, const struct event *event,
                                          struct envelope *out);
