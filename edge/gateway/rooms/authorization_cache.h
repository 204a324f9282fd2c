// Cached answers of the services that say who may join which room.
//
// All answers have the same lifetime, so the oldest expires first; it is also the one that is
// evicted when the cache is full.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

enum cached_answer {
    CACHED_NOTHING = 0,
    CACHED_YES,
    CACHED_NO,
};

struct authorization_cache;

// Holds up to `max` answers, each for `keep_ms`; 0 of either turns the cache off.
NODISCARD struct authorization_cache *authorization_cache_new(size_t max, uint64_t keep_ms);
void authorization_cache_free(struct authorization_cache *cache);

// `key` names a user and a room. Copies it; replaces the answer that it had.
void authorization_cache_put(struct authorization_cache *cache, struct span key, bool yes,
                             uint64_t now_ms);
void authorization_cache_clear(struct authorization_cache *cache);
void authorization_cache_drop(struct authorization_cache *cache, struct span key);
NODISCARD enum cached_answer authorization_cache_find(struct authorization_cache *cache,
                                                      struct span key, uint64_t now_ms);

// Includes answers that have expired and were not evicted by a put or find yet.
size_t authorization_cache_count(const struct authorization_cache *cache);
