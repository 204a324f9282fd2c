// A borrowed view of bytes that somebody else owns. Never NUL-terminated, never freed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/attr.h"

struct span {
    const char *ptr;
    size_t len;
};

// "%.*s" arguments, so a span can be logged without copying it.
#define SPAN_FMT    "%.*s"
#define SPAN_ARG(s) (int)(s).len, (s).ptr
#define SPAN_LIT(s) ((struct span){(s), sizeof(s) - 1})
// The same for the initialiser of a static table, which must be a constant.
// clang-format off
#define SPAN_INIT(s) {(s), sizeof(s) - 1}
// clang-format on

// The bytes of a C string, or the empty span for NULL.
static inline struct span span_of(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_eq(a, span_of(text));
}

static inline bool span_starts_with(struct span a, struct span prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

// Equal but for the case of ASCII letters, as HTTP names are compared.
bool span_eq_nocase(struct span a, struct span b);

// Drops the first n bytes; n must not exceed the length.
static inline struct span span_skip(struct span s, size_t n)
{
    return (struct span){s.ptr + n, s.len - n};
}

// Takes the bytes before the next `separator` off `rest`, and drops the separator. Without a
// separator takes all that is left. Returns false once `rest` is used up; its ptr is NULL then.
bool span_take_until(struct span *rest, char separator, struct span *out);

// Takes the bytes before the first `mark`, which must not be empty, off `rest`, and drops the mark.
// Returns false and takes nothing if there is no mark.
bool span_take_before(struct span *rest, struct span mark, struct span *out);

// Takes decimal digits off the front of `in`; leading zeros are allowed. Returns false if there is
// no digit or the number is above `max`; `in` is undefined then.
NODISCARD bool span_take_uint(struct span *in, uint64_t max, uint64_t *out);

// The ASCII control characters: below 0x20, and 0x7f. Terminals obey them, and logs break at them.
static inline bool char_is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}
bool span_has_control(struct span s);

// True if all of `s` is visible ASCII: no spaces, no control characters. Empty text is visible.
bool span_is_visible(struct span s);

// Removes spaces and tabs at both ends.
struct span span_trim(struct span s);

// Copies into a NUL-terminated string that the caller frees.
char *span_dup(struct span s);

// Copies `s` to `*at`, where there must be room, and moves `*at` behind the copy. For strings in
// the same allocation as the struct that refers to them.
struct span span_store(char **at, struct span s);
