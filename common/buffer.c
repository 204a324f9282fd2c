#include "common/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/decimal.h"
#include "common/mem.h"

void buffer_fini(struct buffer *buffer)
{
    free(buffer->ptr);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->ptr)
        buffer->ptr[0] = '\0';
}

char *buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t need = buffer->len + more + 1;

    if (need > buffer->cap) {
        size_t cap = buffer->cap ? buffer->cap : 64;
        while (cap < need)
            cap *= 2;
        buffer->ptr = mem_realloc(buffer->ptr, cap);
        buffer->cap = cap;
    }
    return buffer->ptr + buffer->len;
}

void buffer_append(struct buffer *buffer, struct span bytes)
{
    char *at = buffer_reserve(buffer, bytes.len);

    if (bytes.len > 0)
        memcpy(at, bytes.ptr, bytes.len);
    at[bytes.len] = '\0';
    buffer->len += bytes.len;
}

void buffer_append_char(struct buffer *buffer, char c)
{
    buffer_append(buffer, (struct span){&c, 1});
}

void buffer_append_uint(struct buffer *buffer, uint64_t n)
{
    char digits[DECIMAL_MAX];

    buffer_append(buffer, (struct span){digits, decimal_print(n, digits)});
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *at = buffer_reserve(buffer, (size_t)len);
    vsnprintf(at, (size_t)len + 1, format, again);
    va_end(again);
    buffer->len += (size_t)len;
}
