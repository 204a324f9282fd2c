// Stores in Redis up to which position events are acknowledged to RabbitMQ, for the relay that
// takes over.
#pragma once

#include "proto/position.h"
#include "relay/event_log/event_log.h"

// Stores the position. Also shows whether Redis takes writes (event_log_refusal()), and trims the
// log if Redis is out of memory. Returns false if the position was not stored.
NODISCARD bool event_log_store_acked(struct event_log *log, struct position acked);
// Reads the position that any relay stored last, 0-0 if there is none. Returns false if Redis could
// not be asked.
NODISCARD bool event_log_read_acked(struct event_log *log, struct position *out);
