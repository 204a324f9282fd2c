// An id that may be shown in place of one that is a secret: a one-way hash of it.
#pragma once

#include "common/span.h"

#define PUBLIC_ID_LEN 20

struct public_id {
    char text[PUBLIC_ID_LEN + 1]; // base64url and a NUL
};

// The same for the same secret, which must be as hard to guess as a random_id().
struct public_id public_id_of(struct span secret);
