// The ids of the newest events in the log: what a redelivered event is compared with.
//
// It counts: an id that stands twice in the log lets two redeliveries be skipped, not more.
// Bounded by what the log is asked for, which is what RabbitMQ can have unacknowledged.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/span.h"

struct dedup;

NODISCARD struct dedup *dedup_new(void);
void dedup_free(struct dedup *dedup);
void dedup_clear(struct dedup *dedup);

void dedup_add(struct dedup *dedup, struct span id);
// Whether the id was still there; takes it out once.
NODISCARD bool dedup_take(struct dedup *dedup, struct span id);
// How many different ids there are.
size_t dedup_count(const struct dedup *dedup);
