#include "compose/tools/server_url.h"

static bool take_scheme(struct span *text)
{
    static const char *const schemes[] = {"http://", "ws://"};

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (span_starts_with(*text, span_of(schemes[i]))) {
            *text = span_skip(*text, strlen(schemes[i]));
            return true;
        }
    }
    return false;
}

// Takes the host off `text`; an IPv6 address without its brackets.
static struct span take_host(struct span *text)
{
    bool bracketed = text->len > 0 && text->ptr[0] == '[';
    struct span start = span_skip(*text, bracketed ? 1 : 0);
    const char *end = bracketed ? "]" : ":/?";
    size_t len = 0;

    while (len < start.len && !strchr(end, start.ptr[len]))
        len++;
    *text = span_skip(start, bracketed && len < start.len ? len + 1 : len);
    return (struct span){start.ptr, len};
}

static bool take_port(struct span *text, int *port)
{
    uint64_t number;

    *port = 80;
    if (text->len == 0 || text->ptr[0] != ':')
        return true;
    *text = span_skip(*text, 1);
    if (!span_take_uint(text, UINT16_MAX, &number))
        return false;
    *port = (int)number;
    return number > 0;
}

const char *server_url_parse(struct span text, struct server_url *out)
{
    struct span host;

    if (span_starts_with(text, SPAN_LIT("https://")) || span_starts_with(text, SPAN_LIT("wss://")))
        return "TLS is not spoken here; give the address behind the TLS proxy";
    if (!take_scheme(&text))
        return "it must begin with http://";
    host = take_host(&text);
    if (host.len == 0 || host.len >= sizeof(out->host))
        return "the host is missing";
    memcpy(out->host, host.ptr, host.len);
    out->host[host.len] = '\0';
    if (!take_port(&text, &out->port))
        return "the port must be a number from 1 to 65535";
    return text.len == 0 || span_is(text, "/") ? NULL : "nothing may follow the host and port";
}
