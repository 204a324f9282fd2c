// Translates an event of a service into the envelope for the edges. Pure: no clock, no network.
#pragma once

#include "common/buffer.h"
#include "proto/envelope.h"
#include "relay/routing/event.h"
#include "relay/routing/translate_status.h"

struct translator;
NODISCARD struct translator *translator_new(size_t max_event_bytes);
void translator_free(struct translator *translator);

// Fills `out` except position, prev and origin. Its views are valid until the next call and as long
// as the event. `created_at_ms` is when the relay received the event: AMQP's own timestamp has
// whole seconds, too coarse to measure a latency with.
NODISCARD enum translate_status translate(struct translator *translator, const struct event *event,
                                          struct envelope *out);
