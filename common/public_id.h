// A public id for a secret one: a one-way hash, from which the secret cannot be found.
#pragma once

#include "common/span.h"

#define PUBLIC_ID_LEN 20

struct public_id {
    char text[PUBLIC_ID_LEN + 1]; // base64url and a NUL
};

// Equal secrets have equal ids. A secret must be as hard to guess as a random_id(), or it could be
// found by trial.
struct public_id public_id_of(struct span secret);
