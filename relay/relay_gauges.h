// The relay's gauges, and what it answers on the operations port.
#pragma once

#include "relay/relay_parts.h"

// Sets the gauges to the present state.
void relay_update_gauges(struct relay *relay, uint64_t now_ms);
// While the relay is active, asks RabbitMQ every 5 s how many events wait in the queues.
void relay_count_waiting(struct relay *relay);

// Writes what a ready relay answers: "ok (active)" or "ok (standby)", and what is degraded. Any
// thread may call it.
void relay_role_words(struct relay *relay, char *out, size_t size);
// Returns why the relay is not ready, or NULL if it is. Reads only atomics: any thread may call it.
const char *relay_obstacle_words(const struct relay_metrics *metrics, uint64_t now_ms);
