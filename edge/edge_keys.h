// What tokens are verified with: the secret, and the public keys from their files. Read once, at
// the start, and looked at: a key that cannot do what it is for is an error then, not at the first
// token.
#pragma once

#include "edge/edge_settings.h"

// For the algorithms that the settings accept. Fills secret, public key and key set.
void edge_keys_load(struct edge_settings *settings, struct buffer *errors, struct buffer *warnings);
