#include "edge/http/request_body.h"

static size_t count_values(const struct http_head *head, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < head->header_count; i++)
        count += span_eq_nocase(head->headers[i].name, span_of(name));
    return count;
}

bool request_body_is_ambiguous(const struct http_head *head)
{
    size_t lengths = count_values(head, "Content-Length");
    size_t encodings = count_values(head, "Transfer-Encoding");
    struct span encoding = http_head_single(head, "Transfer-Encoding");

    return lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0) ||
           (encodings > 0 && !span_eq_nocase(encoding, SPAN_LIT("chunked")));
}

bool request_body_is_over(const struct http_head *head, size_t max)
{
    struct span length = http_head_single(head, "Content-Length");
    uint64_t n;

    return length.len > 0 && (!span_take_uint(&length, max, &n) || length.len > 0);
}

bool request_body_is_announced(const struct http_head *head)
{
    return request_body_is_over(head, 0) || count_values(head, "Transfer-Encoding") > 0;
}

bool request_body_waits_for_continue(const struct http_head *head)
{
    return span_eq_nocase(http_head_single(head, "Expect"), SPAN_LIT("100-continue"));
}
