// From when to when a token is good, and how long before its end its bearer is told.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_ENDLESS INT64_MAX // expires_at_s: it does not expire
#define TOKEN_UNDATED INT64_MIN // issued_at_s: it does not say

// Seconds since 1970.
struct token_life {
    int64_t issued_at_s;
    int64_t expires_at_s;
};

// Seconds: TOKEN_WARNING_S for a token of more than TOKEN_BRIEF_S, otherwise a fifth of its life.
// One that does not say when it was issued, or says what cannot be, lives from now on.
#define TOKEN_WARNING_S 300
#define TOKEN_BRIEF_S   600
int64_t token_life_warning_s(struct token_life life, int64_t now_s);

// Whether both are of one token, for all that can be told.
static inline bool token_life_eq(struct token_life a, struct token_life b)
{
    return a.issued_at_s == b.issued_at_s && a.expires_at_s == b.expires_at_s;
}
