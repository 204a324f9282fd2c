// The fastest that RabbitMQ lets a consumer be: one that reads and acknowledges, and does nothing
// else. And the time in which another consumer empties a queue.
//
// Both return false, with the reason on stderr, if RabbitMQ fails.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/shared_settings.h"

// Takes `events` from a queue that has them.
NODISCARD bool bare_consumer_run(const struct rabbitmq_settings *rabbitmq, const char *queue,
                                 uint64_t events, uint16_t prefetch, double *seconds);

// Waits until the queue has fewer than `events`, and then until it has none left to deliver.
NODISCARD bool bare_consumer_watch(const struct rabbitmq_settings *rabbitmq, const char *queue,
                                   uint64_t events, double *seconds);
