// Ids that nobody can guess, from the kernel's random source.
#pragma once

#include <stddef.h>
#include <stdint.h>

// 128 random bits in base64url, without padding.
#define RANDOM_ID_LEN 22

// Writes RANDOM_ID_LEN characters and a NUL.
void random_id(char out[RANDOM_ID_LEN + 1]);

// A uniformly distributed number below `bound`, which must not be 0.
uint32_t random_below(uint32_t bound);
