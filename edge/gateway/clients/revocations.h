// The users whose tokens were revoked, and since when.
//
// A token of such a user is refused if it was issued before the revocation, or does not say when it
// was issued. Each entry has an end, behind which all of the user's older tokens have expired by
// themselves. Redis has the entries for edges that start later. There are at most
// REDIS_REVOKED_MAX, here and there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/metrics.h"
#include "common/span.h"
#include "edge/gateway/clients/token_life.h"

struct revocations;

// `count` is a gauge of the entries, `left_out` counts those that found the table full.
NODISCARD struct revocations *revocations_new(metric *count, metric *left_out);
void revocations_free(struct revocations *revocations);

// Adds a revocation of the tokens that were issued before `at_ms`, which can be forgotten at
// `until_ms` (both: time of day in milliseconds since 1970). An entry of the same user is extended,
// never shortened. Returns false if nothing changes, because such an entry is there or is over, or
// because the table is full.
bool revocations_add(struct revocations *revocations, struct span user, uint64_t at_ms,
                     uint64_t until_ms, uint64_t now_ms);

// Notes that the store has this revocation, as it has just been read from there.
void revocations_note_stored(struct revocations *revocations, struct span user, uint64_t at_ms,
                             uint64_t until_ms);
// Calls `visit` for each revocation that is not over and was not noted as stored since the last
// call of this: the store has lost it. `last_ms` is the end of the one that lasts longest.
void revocations_each_unstored(struct revocations *revocations, uint64_t now_ms,
                               void (*visit)(struct span user, uint64_t at_ms, uint64_t until_ms,
                                             uint64_t last_ms, void *arg),
                               void *arg);

// True if a token of this user and life is revoked.
bool revocations_cover(const struct revocations *revocations, struct span user,
                       struct token_life life, uint64_t now_ms);
