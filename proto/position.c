#include "proto/position.h"

#include "common/decimal.h"

size_t position_print(struct position position, char out[POSITION_TEXT_MAX])
{
    size_t len = decimal_print(position.epoch, out);

    out[len++] = '-';
    len += decimal_print(position.seq, out + len);
    out[len] = '\0';
    return len;
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
