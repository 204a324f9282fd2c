#include "common/utf8.h"

static bool is_within(unsigned char byte, unsigned char least, unsigned char most)
{
    return byte >= least && byte <= most;
}

static bool continues(unsigned char byte)
{
    return byte >> 6 == 2;
}

// The second byte shows whether the form is overlong, a surrogate or above U+10FFFF.
static bool is_second_of_three(unsigned char lead, unsigned char byte)
{
    return is_within(byte, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
}

static bool is_second_of_four(unsigned char lead, unsigned char byte)
{
    return is_within(byte, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
}

size_t utf8_length(struct span text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;

    if (at[0] < 0x80)
        return 1;
    if (is_within(at[0], 0xc2, 0xdf))
        return text.len >= 2 && continues(at[1]) ? 2 : 0;
    if (is_within(at[0], 0xe0, 0xef))
        return text.len >= 3 && is_second_of_three(at[0], at[1]) && continues(at[2]) ? 3 : 0;
    if (is_within(at[0], 0xf0, 0xf4))
        return text.len >= 4 && is_second_of_four(at[0], at[1]) && continues(at[2]) &&
                       continues(at[3])
                   ? 4
                   : 0;
    return 0;
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
