// Bytes that grow: what encoders write into. Its owner clears and reuses it.
//
// Always NUL-terminated behind its last byte once something was appended, so that a text
// can be read as a C string.
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

// Forgets the content, keeps the memory.
void buffer_clear(struct buffer *buffer);

// Makes room for `more` further bytes and returns where they go; add them to `len` once written.
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
