// A place in the log: "<epoch>-<seq>", the id of a Redis stream entry. 0-0 means none.
//
// A relay takes a fresh epoch when it becomes active and counts seq up over all shards, so one
// position orders everything.
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct position {
    uint64_t epoch, seq;
};

#define POSITION_TEXT_MAX 42 // two numbers of 20 digits, a dash and a NUL

// Less than, equal to or greater than 0 as `a` stands before, at or after `b`.
static inline int position_compare(struct position a, struct position b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return 0;
}

static inline bool position_is_none(struct position p)
{
    return p.epoch == 0 && p.seq == 0;
}

// Returns the length of the text.
size_t position_print(struct position position, char out[POSITION_TEXT_MAX]);

// False unless `text` is two decimal numbers with one dash between them.
NODISCARD bool position_parse(struct span text, struct position *out);
