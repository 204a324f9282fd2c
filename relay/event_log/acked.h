// The position up to which events are acknowledged to RabbitMQ, stored for the relay that takes
// over.
#pragma once

#include "proto/position.h"
#include "relay/event_log/event_log.h"

// Stores up to where the log is known to be acknowledged. Shows whether Redis takes writes, and
// makes room where it has no memory left.
NODISCARD bool event_log_store_acked(struct event_log *log, struct position acked);
// What was stored last, by whatever relay; none when nothing was.
NODISCARD bool event_log_read_acked(struct event_log *log, struct position *out);
