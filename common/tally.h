// How many of something each key has at the moment. A key is there while it has one.
//
// Keys are bytes, and may be chosen by peers: the table's hash is keyed.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct tally;
struct tally_entry; // of one key

NODISCARD struct tally *tally_new(void);
void tally_free(struct tally *tally); // must be empty

size_t tally_of(const struct tally *tally, struct span key);
// One more; copies a key that is new. Pass what it returns to tally_drop() when it is over.
NODISCARD struct tally_entry *tally_add(struct tally *tally, struct span key);
size_t tally_count(const struct tally_entry *entry);
void tally_drop(struct tally *tally, struct tally_entry *entry);
