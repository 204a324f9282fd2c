// Includes cmocka with the headers that it needs, and has what the tests of this project share.
//
// A test is a table of rows that begin with `const char *name`, a function that checks one row, and
// a main() that runs each row as a test of that name:
//
//     int main(void)
//     {
//         struct CMUnitTest tests[ARRAY_LEN(good) + ARRAY_LEN(bad)];
//         size_t count = 0;
//
//         ADD_ROWS(tests, count, good, accepts);
//         ADD_ROWS(tests, count, bad, refuses);
//         return cmocka_run_group_tests_name("parser", tests, NULL, NULL);
//     }
//
// The function gets its row as *state.
#pragma once

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>
#include <string.h>

#include "common/attr.h"
#include "common/span.h"

#define ADD_ROWS(tests, count, rows, function)                                                     \
    for (size_t row_ = 0; row_ < ARRAY_LEN(rows); row_++)                                          \
        (tests)[(count)++] = (struct CMUnitTest)                                                   \
        {                                                                                          \
            .name = (rows)[row_].name, .test_func = (function),                                    \
            .initial_state = (void *)&(rows)[row_]                                                 \
        }

#define assert_span(actual, expected)                                                              \
    assert_span_at((actual), span_of(expected), __FILE__, __LINE__)
#define assert_bytes(actual, expected) assert_span_at((actual), (expected), __FILE__, __LINE__)

static inline void assert_span_at(struct span actual, struct span expected, const char *file,
                                  int line)
{
    if (span_eq(actual, expected))
        return;
    print_error("\"" SPAN_FMT "\" is not \"" SPAN_FMT "\"\n", SPAN_ARG(actual), SPAN_ARG(expected));
    _fail(file, line);
}

// A copy on the heap of exactly this size, so that AddressSanitizer reports a read behind its end.
// The caller frees `ptr`.
static inline struct span exact_copy(struct span bytes)
{
    char *copy = malloc(bytes.len > 0 ? bytes.len : 1);

    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return (struct span){copy, bytes.len};
}
