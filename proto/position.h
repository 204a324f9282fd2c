// A position in the log: the id "<epoch>-<seq>" of a Redis stream entry. 0-0 is no position.
//
// A relay takes a new epoch, above all earlier ones, when it becomes active, and increments seq for
// each event of any shard. So positions order the events of all shards.
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

// Returns a number below, equal to or above 0 if `a` is before, equal to or after `b`.
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

// The greatest position below. Not of none.
static inline struct position position_before(struct position p)
{
    return p.seq > 0 ? (struct position){p.epoch, p.seq - 1}
                     : (struct position){p.epoch - 1, UINT64_MAX};
}

// Writes the text and a NUL. Returns the length without the NUL.
size_t position_print(struct position position, char out[POSITION_TEXT_MAX]);

// Returns false unless `text` is two decimal numbers of 64 bits with a dash between them.
NODISCARD bool position_parse(struct span text, struct position *out);
