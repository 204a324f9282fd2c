#include "edge/http/request_head.h"

#define WEBSOCKET_KEY_LEN 24
#define SUBPROTOCOL_MAX   64

size_t http_head_length(struct span bytes)
{
    static const struct span empty_lines[] = {SPAN_INIT("\r\n"), SPAN_INIT("\n")};
    struct span rest = bytes, line;

    while (span_take_before(&rest, SPAN_LIT("\n"), &line))
        for (size_t i = 0; i < ARRAY_LEN(empty_lines); i++)
            if (span_starts_with(rest, empty_lines[i]))
                return (size_t)(rest.ptr - bytes.ptr) + empty_lines[i].len;
    return 0;
}

static bool take_line(struct span *rest, struct span *line)
{
    return span_take_before(rest, SPAN_LIT("\r\n"), line);
}

bool http_is_token(struct span s)
{
    return s.len > 0 && span_is_visible(s) && !memchr(s.ptr, ':', s.len);
}

bool http_is_field_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (char_is_control(s.ptr[i]) && s.ptr[i] != '\t')
            return false;
    return true;
}

static bool parse_request_line(struct span line, struct http_head *head)
{
    return span_take_until(&line, ' ', &head->method) && http_is_token(head->method) &&
           span_take_until(&line, ' ', &head->target) && http_is_field_value(head->target) &&
           head->target.len > 0 && head->target.ptr[0] == '/' &&
           span_take_until(&line, ' ', &head->version) && http_is_token(head->version) && !line.ptr;
}

static bool parse_header(struct span line, struct http_head *head)
{
    struct http_header *header = &head->headers[head->header_count];

    if (head->header_count == HTTP_HEADERS_MAX)
        return false;
    if (!span_take_until(&line, ':', &header->name) || !http_is_token(header->name) || !line.ptr)
        return false;
    header->value = span_trim(line);
    head->header_count++;
    return http_is_field_value(header->value);
}

bool http_head_parse(struct span bytes, struct http_head *head)
{
    struct span line;

    head->header_count = 0;
    if (!take_line(&bytes, &line) || !parse_request_line(line, head))
        return false;
    while (take_line(&bytes, &line)) {
        if (line.len == 0)
            return true;
        if (!parse_header(line, head))
            return false;
    }
    return false;
}

static size_t count_headers(const struct http_head *head, const char *name, struct span *value)
{
    size_t count = 0;

    for (size_t i = 0; i < head->header_count; i++)
        if (span_eq_nocase(head->headers[i].name, span_of(name)) && count++ == 0)
            *value = head->headers[i].value;
    return count;
}

struct span http_head_single(const struct http_head *head, const char *name)
{
    struct span value = {NULL, 0};

    return count_headers(head, name, &value) == 1 ? value : (struct span){NULL, 0};
}

static bool has_list_item(struct span list, const char *item)
{
    struct span one;

    while (span_take_until(&list, ',', &one))
        if (span_eq_nocase(span_trim(one), span_of(item)))
            return true;
    return false;
}

// A list may be spread over several headers of the same name (RFC 9110, 5.3).
static bool lists_item(const struct http_head *head, const char *name, const char *item)
{
    for (size_t i = 0; i < head->header_count; i++)
        if (span_eq_nocase(head->headers[i].name, span_of(name)) &&
            has_list_item(head->headers[i].value, item))
            return true;
    return false;
}

// A Content-Length of 0 is allowed, because some proxies add it.
static bool has_no_body(const struct http_head *head)
{
    struct span length = {NULL, 0}, ignored;

    switch (count_headers(head, "Content-Length", &length)) {
    case 0:
        break;
    case 1:
        if (!span_is(length, "0"))
            return false;
        break;
    default:
        return false;
    }
    return count_headers(head, "Transfer-Encoding", &ignored) == 0;
}

bool http_head_asks_for_websocket(const struct http_head *head, struct span *key)
{
    *key = http_head_single(head, "Sec-WebSocket-Key");
    return span_is(head->method, "GET") && span_is(head->version, "HTTP/1.1") &&
           span_eq_nocase(http_head_single(head, "Upgrade"), SPAN_LIT("websocket")) &&
           lists_item(head, "Connection", "upgrade") && key->len == WEBSOCKET_KEY_LEN &&
           http_is_token(*key) && span_is(http_head_single(head, "Sec-WebSocket-Version"), "13") &&
           has_no_body(head);
}

struct span http_first_subprotocol(const struct http_request *request)
{
    struct span offer = http_request_header(request, "Sec-WebSocket-Protocol"), first;

    if (offer.len == 0 || !span_take_until(&offer, ',', &first))
        return (struct span){NULL, 0};
    first = span_trim(first);
    return http_is_token(first) && first.len <= SUBPROTOCOL_MAX ? first : (struct span){NULL, 0};
}

static struct span header_of_head(const struct http_request *request, const char *name)
{
    const struct http_head_request *self = container_of(request, struct http_head_request, request);
    struct span value = {NULL, 0};

    count_headers(self->head, name, &value);
    return value;
}

void http_head_request_init(struct http_head_request *out, const struct http_head *head,
                            struct span peer)
{
    struct span query = head->target, path;

    *out = (struct http_head_request){.head = head};
    if (span_take_until(&query, '?', &path))
        out->request.path = path;
    out->request.query = query;
    out->request.method = http_method_of(head->method);
    out->request.peer = peer;
    out->request.header = header_of_head;
}
