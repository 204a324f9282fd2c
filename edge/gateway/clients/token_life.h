// When a token was issued and when it expires, and how long before its end the client is warned.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_ENDLESS INT64_MAX // expires_at_s of a token that does not expire
#define TOKEN_UNDATED INT64_MIN // issued_at_s of a token that does not say

// Seconds since 1970.
struct token_life {
    int64_t issued_at_s;
    int64_t expires_at_s;
};

// How many seconds before its end the client is warned: TOKEN_WARNING_S if the token's whole life
// is longer than TOKEN_BRIEF_S, otherwise a fifth of its life. The life of a token without a
// plausible time of issue begins now.
#define TOKEN_WARNING_S 300
#define TOKEN_BRIEF_S   600
int64_t token_life_warning_s(struct token_life life, int64_t now_s);

// True if both have the same times: then they are taken to be of the same token.
static inline bool token_life_eq(struct token_life a, struct token_life b)
{
    return a.issued_at_s == b.issued_at_s && a.expires_at_s == b.expires_at_s;
}
