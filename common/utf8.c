#include "common/utf8.h"

// By the number of leading one bits of the first byte.
static size_t length_of_lead(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >> 5 == 0x06)
        return 2;
    if (lead >> 4 == 0x0e)
        return 3;
    return lead >> 3 == 0x1e ? 4 : 0;
}

size_t utf8_length(struct span text)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text.ptr[0];
    size_t len = length_of_lead(lead);

    if (len <= 1)
        return len;
    if (len > text.len)
        return 0;
    unsigned code = lead & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)text.ptr[i];
        if (next >> 6 != 2)
            return 0;
        code = code << 6 | (next & 0x3f);
    }
    bool surrogate = code >> 11 == 0x1b;
    return code >= least[len] && code <= 0x10ffff && !surrogate ? len : 0;
}

bool utf8_valid(struct span text)
{
    while (text.len > 0) {
        size_t n = (unsigned char)text.ptr[0] < 0x80 ? 1 : utf8_length(text);
        if (n == 0)
            return false;
        text = span_skip(text, n);
    }
    return true;
}
