#include "tests/bench/frames.h"

#include <assert.h>

#define MASKED    0x80
#define MAX_HEAD  8
#define LENGTH_16 126
#define LENGTH_64 127

void frame_append(struct buffer *out, unsigned head, struct span payload)
{
    static const unsigned char mask[4] = {0x5a, 0xc3, 0x17, 0x88};

    assert(payload.len <= UINT16_MAX);
    unsigned char *start = (unsigned char *)buffer_reserve(out, payload.len + MAX_HEAD), *p = start;
    *p++ = (unsigned char)head;
    if (payload.len < LENGTH_16) {
        *p++ = (unsigned char)(MASKED | payload.len);
    } else {
        *p++ = MASKED | LENGTH_16;
        *p++ = (unsigned char)(payload.len >> 8);
        *p++ = (unsigned char)payload.len;
    }
    memcpy(p, mask, sizeof(mask));
    p += sizeof(mask);
    for (size_t i = 0; i < payload.len; i++)
        *p++ = (unsigned char)payload.ptr[i] ^ mask[i % sizeof(mask)];
    out->len += (size_t)(p - start);
}

bool frame_take(struct span *in, unsigned *head, struct span *payload)
{
    const unsigned char *p = (const unsigned char *)in->ptr;
    size_t start = 2, len;

    if (in->len < start)
        return false;
    len = p[1];
    if (len == LENGTH_16 || len == LENGTH_64) {
        start += len == LENGTH_16 ? 2 : 8;
        if (in->len < start)
            return false;
        len = 0;
        for (size_t i = 2; i < start; i++)
            len = len << 8 | p[i];
    }
    if (in->len - start < len)
        return false;
    *head = p[0];
    *payload = (struct span){in->ptr + start, len};
    *in = span_skip(*in, start + len);
    return true;
}
