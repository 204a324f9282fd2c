#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "edge/http/request_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct span inner, struct span outer)
{
    return inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len;
}

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

// A head ends where the bytes up to there alone say so, and not before.
static size_t check_length(struct span in)
{
    size_t length = http_head_length(in);

    assert(length <= in.len);
    if (length > 0) {
        assert(http_head_length((struct span){in.ptr, length}) == length);
        assert(http_head_length((struct span){in.ptr, length - 1}) == 0);
    }
    return length;
}

static void check_head(const struct http_head *head, struct span in)
{
    assert(within(head->method, in) && within(head->target, in) && within(head->version, in));
    assert(!has_control(head->method) && !has_control(head->target) && !has_control(head->version));
    assert(head->header_count <= HTTP_HEADERS_MAX);
    for (size_t i = 0; i < head->header_count; i++) {
        const struct http_header *header = &head->headers[i];
        assert(header->name.len > 0 && within(header->name, in) && !has_control(header->name));
        assert(within(header->value, in) && !has_control(header->value));
    }
}

static void check_request(const struct http_head *head)
{
    struct http_head_request request;

    http_head_request_init(&request, head, SPAN_LIT("192.0.2.7"));
    const struct http_request *r = &request.request;
    assert(r->path.len > 0 && r->path.ptr[0] == '/' && !memchr(r->path.ptr, '?', r->path.len));
    assert(r->query.len == 0 || r->path.len + 1 + r->query.len == head->target.len);
    for (size_t i = 0; i < head->header_count; i++) {
        char *name = span_dup(head->headers[i].name);
        assert(http_request_header(r, name).ptr);
        free(name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size}, key;
    struct http_head head, again;
    size_t length = check_length(in);

    if (!http_head_parse(in, &head))
        return 0;
    check_head(&head, (struct span){in.ptr, length});
    assert(http_head_parse((struct span){in.ptr, length}, &again)); // what is behind it is nothing
    assert(again.header_count == head.header_count);
    check_request(&head);
    if (http_head_asks_for_websocket(&head, &key))
        assert(key.len == 24 && span_is(head.method, "GET"));
    return 0;
}
