#include "proto/position.h"

#include <stdio.h>

size_t position_print(struct position position, char out[POSITION_TEXT_MAX])
{
    return (size_t)snprintf(out, POSITION_TEXT_MAX, "%" PRIu64 "-%" PRIu64, position.epoch,
                            position.seq);
}

bool position_parse(struct span text, struct position *out)
{
    if (!span_take_uint(&text, UINT64_MAX, &out->epoch))
        return false;
    if (text.len == 0 || text.ptr[0] != '-')
        return false;
    text = span_skip(text, 1);
    return span_take_uint(&text, UINT64_MAX, &out->seq) && text.len == 0;
}
