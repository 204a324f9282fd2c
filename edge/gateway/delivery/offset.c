#include "edge/gateway/delivery/offset.h"

#include <assert.h>

#include "edge/gateway/delivery/offset_earlier.h"

#define EPOCH_DIGITS   7
#define SEQ_DIGITS_MAX 11 // of 64 bits
#define DIGIT_BITS     6
#define RUN_BITS       5 // of a digit in a number that ends itself
#define RUN_GOES_ON    (1U << RUN_BITS)
#define MARK           '.'

// In the order of ASCII. Without the dash, by which the form of earlier versions is known.
static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

// How many digits of `bits` bits `n` has; 1 for 0.
static unsigned count_digits(uint64_t n, unsigned bits)
{
    unsigned count = 1;

    while (n >>= bits)
        count++;
    return count;
}

static char *put_digits(char *at, uint64_t n, unsigned count)
{
    while (count-- > 0)
        *at++ = digits[n >> (count * DIGIT_BITS) & ((1U << DIGIT_BITS) - 1)];
    return at;
}

static char *put_run(char *at, uint64_t n)
{
    for (unsigned left = count_digits(n, RUN_BITS); left-- > 0;) {
        uint64_t value = n >> (left * RUN_BITS) & (RUN_GOES_ON - 1);
        *at++ = digits[value | (left > 0 ? RUN_GOES_ON : 0)];
    }
    return at;
}

static char *put_epoch(char *at, uint64_t epoch)
{
    if (count_digits(epoch, DIGIT_BITS) <= EPOCH_DIGITS)
        return put_digits(at, epoch, EPOCH_DIGITS);
    *at++ = MARK;
    return put_run(at, epoch);
}

static char *put_shard(char *at, struct position position, struct position top)
{
    if (position.epoch == top.epoch)
        return put_run(at, top.seq - position.seq);
    *at++ = MARK;
    at = put_run(at, position.epoch);
    return put_run(at, position.seq);
}

static char *put_shards(char *at, const struct cut *cut, struct position top)
{
    *at++ = MARK;
    for (unsigned i = 0; i < cut->shards; i++)
        at = put_shard(at, cut->at[i], top);
    return at;
}

size_t offset_print(const struct cut *cut, char out[OFFSET_TEXT_MAX])
{
    struct position top = cut_top(cut);
    char *at = put_epoch(out, top.epoch);

    assert(cut->shards >= 1 && cut->shards <= CUT_SHARDS_MAX);
    at = put_digits(at, top.seq, count_digits(top.seq, DIGIT_BITS));
    if (cut->shards > 1)
        at = put_shards(at, cut, top);
    *at = '\0';
    return (size_t)(at - out);
}

// The functions that take a number off `text` ignore bits above 64 and accept leading zeros:
// is_printed() finds such texts.
static bool take_digit(struct span *text, uint64_t *out)
{
    const char *digit = text->len > 0 && text->ptr[0] != '\0' ? strchr(digits, text->ptr[0]) : NULL;

    if (!digit)
        return false;
    *out = (uint64_t)(digit - digits);
    *text = span_skip(*text, 1);
    return true;
}

// Takes up to `max` digits.
static uint64_t take_digits(struct span *text, unsigned max)
{
    uint64_t n = 0, value;

    for (unsigned i = 0; i < max && take_digit(text, &value); i++)
        n = n << DIGIT_BITS | value;
    return n;
}

static bool take_run(struct span *text, uint64_t *out)
{
    uint64_t value;

    *out = 0;
    do {
        if (!take_digit(text, &value))
            return false;
        *out = *out << RUN_BITS | (value & (RUN_GOES_ON - 1));
    } while (value & RUN_GOES_ON);
    return true;
}

static bool take_mark(struct span *text)
{
    if (text->len == 0 || text->ptr[0] != MARK)
        return false;
    *text = span_skip(*text, 1);
    return true;
}

static bool take_top(struct span *text, struct position *out)
{
    if (!take_mark(text))
        out->epoch = take_digits(text, EPOCH_DIGITS);
    else if (!take_run(text, &out->epoch))
        return false;
    out->seq = take_digits(text, SEQ_DIGITS_MAX);
    return true;
}

static bool take_shard(struct span *text, struct position top, struct position *out)
{
    uint64_t below;

    if (take_mark(text))
        return take_run(text, &out->epoch) && take_run(text, &out->seq);
    if (!take_run(text, &below))
        return false;
    *out = (struct position){top.epoch, top.seq - below};
    return true;
}

static bool take_shards(struct span *text, struct position top, struct cut *out)
{
    if (!take_mark(text))
        return false;
    for (unsigned i = 0; i < out->shards; i++)
        if (!take_shard(text, top, &out->at[i]))
            return false;
    return true;
}

// False for other spellings of a cut, as one with leading zeros, or with a first position that is
// not the greatest of all shards, and for what is no offset at all but begins like one.
static bool is_printed(const struct cut *cut, struct span text)
{
    char printed[OFFSET_TEXT_MAX];
    size_t len = offset_print(cut, printed);

    return span_eq(text, (struct span){printed, len});
}

static bool parse(struct span text, struct cut *out)
{
    struct span rest = text;

    if (!take_top(&rest, &out->at[0]))
        return false;
    if (out->shards > 1 && !take_shards(&rest, out->at[0], out))
        return false;
    return is_printed(out, text);
}

bool offset_parse(struct span text, unsigned shards, struct cut *out)
{
    out->shards = shards;
    return offset_is_earlier(text) ? offset_parse_earlier(text, shards, out) : parse(text, out);
}
