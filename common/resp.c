#include "common/resp.h"

#include "common/decimal.h"

#define MARK_MAX (1 + DECIMAL_MAX + 2) // $, the number, CR LF

static char *put_mark(char *at, char kind, size_t n)
{
    *at++ = kind;
    at += decimal_print(n, at);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static void end_at(struct buffer *out, char *end)
{
    *end = '\0';
    out->len = (size_t)(end - out->ptr);
}

void resp_begin(struct buffer *out, size_t count)
{
    end_at(out, put_mark(buffer_reserve(out, MARK_MAX), '*', count));
}

void resp_add(struct buffer *out, struct span argument)
{
    char *at = put_mark(buffer_reserve(out, MARK_MAX + argument.len + 2), '$', argument.len);

    if (argument.len > 0)
        memcpy(at, argument.ptr, argument.len);
    memcpy(at + argument.len, "\r\n", 2);
    end_at(out, at + argument.len + 2);
}
