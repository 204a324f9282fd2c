// The relay: one blocking loop that takes events from RabbitMQ, puts them into the log and on
// the bus in Redis, and only then acknowledges them.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/gateway_file/gateway_file.h"
#include "relay/relay_settings.h"

struct relay;

// Opens the operations port; relay_run() connects to the brokers. Borrows the settings for the
// relay's life, and takes ownership of the file. Returns NULL, with a line in the log, if the
// port cannot be opened.
NODISCARD struct relay *relay_new(const struct relay_settings *settings, struct gateway_file *file);
void relay_free(struct relay *relay);

// Runs until relay_stop() is called. Then publishes and acknowledges the events that it has taken,
// as far as the brokers can be reached within DRAIN_SECONDS.
//
// When relay_reload() is called it reads again what may change (reload.h), and loads the routes
// again. If they are right, and others than before, it leaves the queues
// and takes those of the new routes; otherwise it logs what is wrong, and the old routes stay.
void relay_run(struct relay *relay);
