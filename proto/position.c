#include "proto/position.h"

#include <stdio.h>

static bool take_number(struct span *in, uint64_t *out)
{
    size_t i = 0;
    uint64_t n = 0;

    for (; i < in->len && in->ptr[i] >= '0' && in->ptr[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(in->ptr[i] - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *in = span_skip(*in, i);
    *out = n;
    return i > 0;
}

size_t position_print(struct position position, char out[POSITION_TEXT_MAX])
{
    return (size_t)snprintf(out, POSITION_TEXT_MAX, "%" PRIu64 "-%" PRIu64, position.epoch,
                            position.seq);
}

bool position_parse(struct span text, struct position *out)
{
    if (!take_number(&text, &out->epoch))
        return false;
    if (text.len == 0 || text.ptr[0] != '-')
        return false;
    text = span_skip(text, 1);
    return take_number(&text, &out->seq) && text.len == 0;
}
