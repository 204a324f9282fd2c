// What the relay says of itself in its metrics and on the operations port.
#pragma once

#include "relay/relay_parts.h"

// Sets the gauges to what is true now.
void relay_update_gauges(struct relay *relay, uint64_t now_ms);
// Counts a batch that is in the log.
void relay_record_batch(struct relay *relay, uint64_t began_us);
// Asks RabbitMQ now and then how many events wait there. Only while active.
void relay_count_waiting(struct relay *relay);

// "ok (active)", and what is wrong nevertheless. Reads atomics and constants only.
void relay_role_words(const struct relay *relay, char *out, size_t size);
// Why the relay is not ready, in words; NULL when it is. Reads atomics only.
const char *relay_obstacle_words(const struct relay_metrics *metrics, uint64_t now_ms);
