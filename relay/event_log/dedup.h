// A multiset of ids: counts how often each was added.
//
// It keeps 64 bits of a keyed hash of each, so that a log full of long ids costs about 80 bytes for
// each that is different. Bounded by whoever fills it.
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
// How often it was added and not taken out yet.
size_t dedup_times(const struct dedup *dedup, struct span id);
// Whether the id was still there; takes it out once.
bool dedup_take(struct dedup *dedup, struct span id);
// How many different ids there are.
size_t dedup_count(const struct dedup *dedup);
