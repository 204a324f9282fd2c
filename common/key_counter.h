// Counts by key, such as connections by address. A key is kept while its count is above zero.
//
// Keys are bytes that peers may choose, so the table's hash is keyed.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct key_counter;
struct key_count; // of one key

NODISCARD struct key_counter *key_counter_new(void);
void key_counter_free(struct key_counter *counter); // must be empty

// The count of a key, 0 if it is not in the table.
size_t key_counter_of(const struct key_counter *counter, struct span key);
// Adds one to a key, which is copied if it is new. Pass the result to key_counter_drop() to take
// the one back.
NODISCARD struct key_count *key_counter_add(struct key_counter *counter, struct span key);
size_t key_counter_count(const struct key_count *entry);
// Takes one back. The entry is freed when its count is 0.
void key_counter_drop(struct key_counter *counter, struct key_count *entry);
