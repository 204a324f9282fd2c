// uthash with the project's failure policy and a keyed hash. Include this, never <uthash.h>.
//
// Peers choose the names of rooms. Without a key they could put all entries of a table into one
// chain.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// SipHash of the bytes, with a random key of this process: all 64 bits, or 32 of them.
uint64_t hash_keyed_64(const void *bytes, size_t len);
unsigned hash_keyed(const void *bytes, size_t len);

#define HASH_FUNCTION(keyptr, keylen, hashv) (hashv) = hash_keyed((keyptr), (keylen))
#define uthash_fatal(msg)                    abort()

#include <uthash.h>
