#include "edge/gateway/delivery/offset.h"

#include <assert.h>

#define BASE 36

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

bool cut_covers(const struct cut *a, const struct cut *b)
{
    for (unsigned i = 0; i < a->shards; i++)
        if (position_compare(a->at[i], b->at[i]) < 0)
            return false;
    return true;
}

static struct position greatest(const struct cut *cut)
{
    struct position found = cut->at[0];

    for (unsigned i = 1; i < cut->shards; i++)
        if (position_compare(cut->at[i], found) > 0)
            found = cut->at[i];
    return found;
}

static char *put_number(char *at, uint64_t n)
{
    char reversed[16];
    size_t len = 0;

    do {
        reversed[len++] = digits[n % BASE];
        n /= BASE;
    } while (n > 0);
    while (len > 0)
        *at++ = reversed[--len];
    return at;
}

static char *put_shard(char *at, struct position position, struct position top)
{
    if (position.epoch == top.epoch)
        return put_number(at, top.seq - position.seq);
    at = put_number(at, position.epoch);
    *at++ = '-';
    return put_number(at, position.seq);
}

size_t offset_print(const struct cut *cut, char out[OFFSET_TEXT_MAX])
{
    struct position top = greatest(cut);
    char *at = out + position_print(top, out);

    assert(cut->shards >= 1 && cut->shards <= OFFSET_SHARDS_MAX);
    for (unsigned i = 0; cut->shards > 1 && i < cut->shards; i++) {
        *at++ = i == 0 ? '_' : '.';
        at = put_shard(at, cut->at[i], top);
    }
    *at = '\0';
    return (size_t)(at - out);
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

    if (text.len > 0 && memchr(text.ptr, '-', text.len)) {
        (void)span_take_until(&text, '-', &epoch);
        return read_number(epoch, &out->epoch) && read_number(text, &out->seq);
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

// False for other spellings of a cut: numbers with leading zeros, or a first position that is not
// the greatest of all shards.
static bool is_printed(const struct cut *cut, struct span text)
{
    char printed[OFFSET_TEXT_MAX];
    size_t len = offset_print(cut, printed);

    return span_eq(text, (struct span){printed, len});
}

bool offset_parse(struct span text, unsigned shards, struct cut *out)
{
    struct span rest = text, top_text;
    struct position top;

    out->shards = shards;
    if (text.len >= OFFSET_TEXT_MAX || !span_take_until(&rest, '_', &top_text) ||
        !position_parse(top_text, &top))
        return false;
    if (shards == 1)
        out->at[0] = top;
    else if (!rest.ptr || !read_shards(rest, top, out))
        return false;
    return is_printed(out, text);
}
