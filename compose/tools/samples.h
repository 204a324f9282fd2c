// Sample events as HomeTrip's services send them, one for each of the three body shapes.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

struct sample {
    const char *name, *exchange, *routing_key;
    void (*write_body)(struct buffer *out, struct span user, struct span conversation);
};

// Returns NULL if no sample has this name.
const struct sample *find_sample(struct span name);
