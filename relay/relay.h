// The relay: one blocking loop that takes events from RabbitMQ, puts them into the log and on
// the bus in Redis, and only then acknowledges them.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "relay/relay_settings.h"
#include "relay/routing/routes.h"

struct relay;

// Opens the operations port; the brokers are connected to by relay_run(). NULL with a line in the
// log when it cannot be had. Borrows both arguments.
NODISCARD struct relay *relay_new(const struct relay_settings *settings,
                                  const struct routes *routes);
void relay_free(struct relay *relay);

// Runs until relay_stop(). What was taken by then is published and acknowledged, as far as the
// brokers can be reached within DRAIN_SECONDS.
void relay_run(struct relay *relay);
