// The keys that tokens are verified with: the HS256 secret, and public keys from files. They are
// loaded and checked once, at the start, so that an unusable key stops the start instead of failing
// at the first token.
#pragma once

#include "edge/edge_settings.h"

// Loads the keys for `settings->algorithms`: sets jwt_secret if it is missing, public_key and
// key_set. Appends what must stop the start to `errors`, and what may be a mistake to `warnings`.
void edge_keys_load(struct edge_settings *settings, struct buffer *errors, struct buffer *warnings);
