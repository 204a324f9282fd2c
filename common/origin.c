#include "common/origin.h"

#include <ctype.h>

#define WILDCARD   SPAN_LIT("*.")
#define PORT_CHARS 5

static const struct {
    const char *scheme;
    enum origin_family family;
} families[] = {
    {"http", ORIGIN_FAMILY_HTTP},
    {"ws", ORIGIN_FAMILY_HTTP},
    {"https", ORIGIN_FAMILY_HTTPS},
    {"wss", ORIGIN_FAMILY_HTTPS},
};

enum origin_family origin_family_of(struct span scheme)
{
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        if (span_eq_nocase(scheme, span_of(families[i].scheme)))
            return families[i].family;
    return ORIGIN_FAMILY_OTHER;
}

static uint16_t own_port(enum origin_family family)
{
    switch (family) {
    case ORIGIN_FAMILY_HTTP:
        return 80;
    case ORIGIN_FAMILY_HTTPS:
        return 443;
    default:
        return 0;
    }
}

static bool is_scheme(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.ptr[i]) && !strchr("+-.", text.ptr[i]))
            return false;
    return text.len > 0 && isalpha((unsigned char)text.ptr[0]);
}

static bool is_ipv6(struct span host)
{
    if (host.len < 4 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']')
        return false;
    for (size_t i = 1; i < host.len - 1; i++)
        if (!isxdigit((unsigned char)host.ptr[i]) && host.ptr[i] != ':' && host.ptr[i] != '.')
            return false;
    return true;
}

// Labels with dots between them.
static bool is_name(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool in_label = isalnum((unsigned char)c) || c == '-' || c == '_';
        if (!in_label && (c != '.' || i == 0 || host.ptr[i - 1] == '.'))
            return false;
    }
    return host.len > 0;
}

static bool take_port(struct span digits, uint16_t *port)
{
    uint64_t number;

    if (digits.len > PORT_CHARS || !span_take_uint(&digits, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    return number > 0 && digits.len == 0;
}

// Splits "host:port" at the last colon that is not part of an IPv6 address. Leaves the port alone
// if the text names none. Returns NULL or the fault.
static const char *split_port(struct span text, struct origin *out)
{
    const char *colon = text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;

    out->host = text;
    if (!colon || text.ptr[text.len - 1] == ']')
        return NULL;
    out->host.len = (size_t)(colon - text.ptr);
    if (!take_port(span_skip(text, out->host.len + 1), &out->port))
        return "its port is no number from 1 to 65535";
    return NULL;
}

static const char *check_host(const struct origin *origin)
{
    struct span host = origin->host;

    if (origin->family == ORIGIN_FAMILY_OTHER && (host.len == 0 || span_is(host, ".")))
        return NULL;
    if (host.len == 0)
        return "it has no host";
    bool pattern = origin_is_pattern(origin);
    if (pattern)
        host = span_skip(host, WILDCARD.len);
    if (memchr(host.ptr, '*', host.len))
        return "a * stands for labels before the rest of the host only, like "
               "https://*.example.com";
    return is_name(host) || (!pattern && is_ipv6(host)) ? NULL
                                                        : "its host is none as browsers write it";
}

const char *origin_parse(struct span text, struct origin *out)
{
    const char *mark = text.len > 0 ? memmem(text.ptr, text.len, "://", 3) : NULL;

    *out = (struct origin){0};
    if (text.len > 0 && (memchr(text.ptr, ' ', text.len) || memchr(text.ptr, '\t', text.len)))
        return "it has a blank in it; commas separate origins";
    if (!mark)
        return "it has no scheme, like https://";
    out->scheme = (struct span){text.ptr, (size_t)(mark - text.ptr)};
    if (!is_scheme(out->scheme))
        return "its scheme is none, such as https";
    out->family = origin_family_of(out->scheme);
    out->port = own_port(out->family);
    struct span rest = span_skip(text, out->scheme.len + 3);
    if (rest.len > 0 && (memchr(rest.ptr, '/', rest.len) || memchr(rest.ptr, '?', rest.len) ||
                         memchr(rest.ptr, '#', rest.len)))
        return "it has a path";
    const char *fault = split_port(rest, out);
    return fault ? fault : check_host(out);
}

bool origin_parse_host(struct span text, enum origin_family family, struct origin *out)
{
    *out = (struct origin){.family = family, .port = own_port(family)};
    return !split_port(text, out) && (is_name(out->host) || is_ipv6(out->host));
}

static bool same_place(const struct origin *a, const struct origin *b)
{
    return a->family == b->family && a->port == b->port &&
           (a->family != ORIGIN_FAMILY_OTHER || span_eq_nocase(a->scheme, b->scheme));
}

bool origin_eq(const struct origin *a, const struct origin *b)
{
    return same_place(a, b) && span_eq_nocase(a->host, b->host);
}

bool origin_is_pattern(const struct origin *origin)
{
    return span_starts_with(origin->host, WILDCARD);
}

bool origin_fits(const struct origin *origin, const struct origin *pattern)
{
    struct span end = span_skip(pattern->host, 1); // ".example.com"

    return same_place(origin, pattern) && origin->host.len > end.len &&
           span_eq_nocase(span_skip(origin->host, origin->host.len - end.len), end);
}
