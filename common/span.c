#include "common/span.h"

#include "common/mem.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool span_eq_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool span_take_until(struct span *rest, char separator, struct span *out)
{
    if (!rest->ptr)
        return false;

    const char *at = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (!at) {
        *out = *rest;
        *rest = (struct span){NULL, 0};
        return true;
    }
    *out = (struct span){rest->ptr, (size_t)(at - rest->ptr)};
    *rest = span_skip(*rest, out->len + 1);
    return true;
}

bool span_take_before(struct span *rest, struct span mark, struct span *out)
{
    const char *at =
        rest->len >= mark.len ? memmem(rest->ptr, rest->len, mark.ptr, mark.len) : NULL;

    if (!at)
        return false;
    *out = (struct span){rest->ptr, (size_t)(at - rest->ptr)};
    *rest = span_skip(*rest, out->len + mark.len);
    return true;
}

bool span_take_uint(struct span *in, uint64_t max, uint64_t *out)
{
    size_t digits = 0;
    uint64_t n = 0;

    for (; digits < in->len && in->ptr[digits] >= '0' && in->ptr[digits] <= '9'; digits++) {
        uint64_t digit = (uint64_t)(in->ptr[digits] - '0');
        if (digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (digits == 0)
        return false;
    *in = span_skip(*in, digits);
    *out = n;
    return true;
}

bool span_has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (char_is_control(s.ptr[i]))
            return true;
    return false;
}

bool span_is_visible(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7e)
            return false;
    return true;
}

struct span span_trim(struct span s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = span_skip(s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

char *span_dup(struct span s)
{
    char *copy = mem_alloc(s.len + 1);

    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct span span_store(char **at, struct span s)
{
    struct span stored = {*at, s.len};

    if (s.len > 0)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return stored;
}
