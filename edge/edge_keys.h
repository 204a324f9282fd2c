// The keys that tokens are verified with: the secrets, and public keys from files. They are checked
// when they are loaded, so that an unusable key stops the start, or is refused later, instead of
// failing at the first token.
#pragma once

#include "edge/edge_settings.h"

// Loads the keys for `settings->algorithms`: sets jwt_secret if it is missing, public_key and
// key_set. Appends what must stop the start to `errors`, and what may be a mistake to `warnings`.
void edge_keys_load(struct edge_settings *settings, struct buffer *errors, struct buffer *warnings);

// Loads the keys again, from `.env` (setting_variable()) and from the files. Returns a copy of
// `start` with them, to be given to edge_keys_free_again(); NULL, with lines in `errors`, if one
// cannot be used.
NODISCARD struct edge_settings *edge_keys_load_again(const struct edge_settings *start,
                                                     struct buffer *errors,
                                                     struct buffer *warnings);
void edge_keys_free_again(struct edge_settings *settings);
