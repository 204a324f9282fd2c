// Compares texts with patterns.
#pragma once

#include "common/buffer.h"
#include "tests/unit/unit.h"

// A '*' in `pattern` matches any text.
static inline bool matches(const char *pattern, const char *text)
{
    if (*pattern == '*')
        return matches(pattern + 1, text) || (*text && matches(pattern, text + 1));
    return *pattern == *text && (!*pattern || matches(pattern + 1, text + 1));
}

// The buffer must be empty or end with a NUL.
static inline void assert_matches(const struct buffer *buffer, const char *pattern)
{
    const char *text = buffer->len > 0 ? buffer->ptr : "";

    if (!matches(pattern, text))
        fail_msg("\n  \"%s\"\nis not\n  \"%s\"", text, pattern);
}
