// URLs are checked by rules of our own, because what libraries accept differs between versions.
#include "common/service_url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "common/origin.h"

#define HOST_MAX     253
#define AUTHORITY_AT 3 // "://" before it

// True if all characters may stand in a URL unencoded (RFC 3986, 2), and each % begins an escape.
static bool is_url_text(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool escape = c != '%' || (i + 2 < text.len && isxdigit((unsigned char)text.ptr[i + 1]) &&
                                   isxdigit((unsigned char)text.ptr[i + 2]));
        if (c <= ' ' || c > '~' || strchr("\"<>\\^`{|}", c) || !escape)
            return false;
    }
    return true;
}

static bool begins_well(struct span url)
{
    return span_starts_with(url, SPAN_LIT("http://")) ||
           span_starts_with(url, SPAN_LIT("https://"));
}

// The URL without its path and its query.
static struct span without_path(struct span url)
{
    const char *mark = memmem(url.ptr, url.len, "://", AUTHORITY_AT);
    struct span rest = span_skip(url, (size_t)(mark - url.ptr) + AUTHORITY_AT);
    size_t end = 0;

    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    url.len -= rest.len - end;
    return url;
}

static bool is_ipv6(struct span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.len >= sizeof(copy))
        return false;
    snprintf(copy, sizeof(copy), SPAN_FMT, SPAN_ARG(text));
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static const char *take_host(struct span host, struct buffer *out)
{
    if (host.ptr[0] == '[') {
        host = (struct span){host.ptr + 1, host.len - 2};
        if (!is_ipv6(host))
            return "its host is no IPv6 address";
    }
    if (host.len > HOST_MAX)
        return "its host is too long";
    buffer_append(out, host);
    return NULL;
}

const char *http_url_check(const char *text, struct buffer *host)
{
    struct span url = span_of(text);
    struct origin origin;

    if (!begins_well(url))
        return "it does not begin with http:// or https:// and a host";
    if (!is_url_text(url))
        return "it has a character that must be encoded";
    if (memchr(url.ptr, '#', url.len))
        return "it has a fragment";
    struct span place = without_path(url);
    if (memchr(place.ptr, '@', place.len))
        return "it has a user or a password";
    const char *fault = origin_parse(place, &origin);
    if (!fault && origin_is_pattern(&origin))
        fault = "its host is none";
    return fault ? fault : take_host(origin.host, host);
}

const char *service_url_check(const char *text, struct buffer *host)
{
    return strchr(text, '?') ? "it has a query" : http_url_check(text, host);
}
