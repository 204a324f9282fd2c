// Ready-made events as HomeTrip's services send them, each in another of the three body shapes.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

struct sample {
    const char *name, *exchange, *routing_key;
    void (*write_body)(struct buffer *out, struct span user, struct span conversation);
};

// NULL when there is none of that name.
const struct sample *find_sample(struct span name);
