// The keys of the HTTP API, from a file: one a line, after a name and a blank if it has a name.
//
//     # blank lines, and lines that begin like this one, are skipped
//     billing 5f0c8a…
//     9b1e77…
//
// Only hashes of the keys are kept. A key is compared with all of them, in a time that does not
// tell how much of it is right.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"
#include "common/token_bucket.h"

#define API_KEYS_MAX     64
#define API_KEY_MIN      16 // bytes
#define API_KEY_MAX      512
#define API_KEY_NAME_MAX 32

struct api_keys;
struct api_key;

// Returns NULL, with lines in `errors` that name API_KEY_FILE and never a key, if the file cannot
// be read, has no key, or a line is none.
NODISCARD struct api_keys *api_keys_load(const char *path, struct buffer *errors);
void api_keys_free(struct api_keys *keys);
size_t api_keys_count(const struct api_keys *keys);

// NULL: there is no such key.
struct api_key *api_keys_find(struct api_keys *keys, struct span key);
// Takes over how much each key has used of its rate.
void api_keys_inherit(struct api_keys *keys, const struct api_keys *from);

// As in the file, or "line<number>".
const char *api_key_name(const struct api_key *key);
// Returns false if the key has used up its rate.
NODISCARD bool api_key_take(struct api_key *key, const struct token_rate *rate, uint64_t now_ms);
