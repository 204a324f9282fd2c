// A multiset of ids: counts how often each was added.
//
// It keeps 64 bits of a keyed hash of each id, so a distinct id costs about 80 bytes, however long
// it is. The caller limits their number.
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
// How often the id was added, less how often it was taken.
size_t dedup_times(const struct dedup *dedup, struct span id);
// Takes the id once. Returns false if it was not there.
bool dedup_take(struct dedup *dedup, struct span id);
// How many distinct ids it holds.
size_t dedup_count(const struct dedup *dedup);
