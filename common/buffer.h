// A growing buffer of bytes, which encoders append to. Its owner clears and reuses it.
//
// After the first append a NUL follows the last byte, so that the content is a C string too.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct buffer {
    char *ptr;
    size_t len;
    size_t cap;
};

// A zeroed struct is an empty buffer. Frees the bytes; the buffer is empty afterwards.
void buffer_fini(struct buffer *buffer);

// Empties the buffer and keeps its memory.
void buffer_clear(struct buffer *buffer);

// Makes room for `more` bytes and a NUL, and returns where they go. The caller adds what it has
// written to `len`.
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, struct span bytes);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_uint(struct buffer *buffer, uint64_t n);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF(2, 3);

// Valid until the buffer is next changed.
static inline struct span buffer_span(const struct buffer *buffer)
{
    return (struct span){buffer->ptr, buffer->len};
}
