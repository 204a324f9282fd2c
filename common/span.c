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
