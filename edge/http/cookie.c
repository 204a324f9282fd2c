#include "edge/http/cookie.h"

bool cookie_is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || strchr("()<>@,;:\\\"/[]?={}", name.ptr[i]))
            return false;
    return name.len > 0;
}

static struct span without_quotes(struct span value)
{
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        return (struct span){value.ptr + 1, value.len - 2};
    return value;
}

// As servers read it (RFC 6265, 5.4): a semicolon always separates, even between quotes.
bool cookie_find(struct span header, const char *name, struct span *value)
{
    struct span pair, key;

    while (span_take_until(&header, ';', &pair)) {
        if (!memchr(pair.ptr, '=', pair.len) || !span_take_until(&pair, '=', &key) ||
            !span_is(span_trim(key), name))
            continue;
        *value = without_quotes(span_trim(pair));
        return true;
    }
    return false;
}
