// Counts things by key, such as connections by address. A key is kept while its count is above
// zero.
//
// Keys are bytes, and may be chosen by peers: the table's hash is keyed.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct key_counter;
struct key_count; // of one key

NODISCARD struct key_counter *key_counter_new(void);
void key_counter_free(struct key_counter *counter); // must be empty

size_t key_counter_of(const struct key_counter *counter, struct span key);
// One more; copies a key that is new. Pass what it returns to key_counter_drop() when it is over.
NODISCARD struct key_count *key_counter_add(struct key_counter *counter, struct span key);
size_t key_counter_count(const struct key_count *entry);
void key_counter_drop(struct key_counter *counter, struct key_count *entry);
