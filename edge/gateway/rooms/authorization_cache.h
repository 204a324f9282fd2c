// What services answered about rooms, remembered for a while.
//
// All answers are kept for the same time, so the oldest is the first to expire, and it is the one
// that goes when there are too many.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

enum room_memory {
    ROOM_NOT_KNOWN = 0,
    ROOM_KNOWN_YES,
    ROOM_KNOWN_NO,
};

struct room_answers;

// Remembers up to `max` answers, each for `keep_ms`; with 0 of either none at all.
NODISCARD struct room_answers *room_answers_new(size_t max, uint64_t keep_ms);
void room_answers_free(struct room_answers *answers);

// `key` names a user and a room. It is copied; an answer that it had is replaced.
void room_answers_put(struct room_answers *answers, struct span key, bool yes, uint64_t now_ms);
NODISCARD enum room_memory room_answers_find(struct room_answers *answers, struct span key,
                                             uint64_t now_ms);

// Those that have expired count until the next one is put or looked for.
size_t room_answers_count(const struct room_answers *answers);
