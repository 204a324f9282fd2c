#include "edge/gateway/delivery/offset_earlier.h"

#define BASE 36

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

bool offset_is_earlier(struct span text)
{
    return text.len > 0 && memchr(text.ptr, '-', text.len);
}

// False if `text` is empty, has a character that is no digit, or exceeds 64 bits.
static bool read_number(struct span text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.ptr[i] ? strchr(digits, text.ptr[i]) : NULL;
        if (!digit)
            return false;
        uint64_t value = (uint64_t)(digit - digits);
        if (*out > (UINT64_MAX - value) / BASE)
            return false;
        *out = *out * BASE + value;
    }
    return text.len > 0;
}

static bool read_shard(struct span text, struct position top, struct position *out)
{
    struct span epoch;
    uint64_t below;

    if (offset_is_earlier(text)) {
        (void)span_take_until(&text, '-', &epoch);
        return read_number(epoch, &out->epoch) && read_number(text, &out->seq) &&
               out->epoch < top.epoch;
    }
    if (!read_number(text, &below) || below > top.seq)
        return false;
    *out = (struct position){top.epoch, top.seq - below};
    return true;
}

static bool read_shards(struct span text, struct position top, struct cut *out)
{
    struct span part;
    unsigned count = 0;

    for (; span_take_until(&text, '.', &part); count++)
        if (count == out->shards || !read_shard(part, top, &out->at[count]))
            return false;
    return count == out->shards;
}

bool offset_parse_earlier(struct span text, unsigned shards, struct cut *out)
{
    struct span top_text;
    struct position top;

    out->shards = shards;
    if (!span_take_until(&text, '_', &top_text) || !position_parse(top_text, &top))
        return false;
    if (shards > 1)
        return text.ptr && read_shards(text, top, out);
    out->at[0] = top;
    return !text.ptr;
}
