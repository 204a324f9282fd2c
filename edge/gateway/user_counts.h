// How much each user has under way. An entry lives while there is something.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct user_counts;
struct user_count; // of one user

NODISCARD struct user_counts *user_counts_new(void);
void user_counts_free(struct user_counts *counts); // must be empty

size_t user_counts_of(const struct user_counts *counts, struct span user);
// One more. Pass what it returns to user_counts_drop() when it is over.
NODISCARD struct user_count *user_counts_add(struct user_counts *counts, struct span user);
void user_counts_drop(struct user_counts *counts, struct user_count *count);
