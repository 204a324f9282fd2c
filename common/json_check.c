#include "common/json_check.h"

#include <assert.h>
#include <stdint.h>

#include "common/utf8.h"

#define END (-1)

struct scanner {
    const char *at, *end;
    const char *reason; // why the check failed
};

// The arrays and objects that are open, one bit each: 1 for an object.
struct nesting {
    size_t depth, max_depth;
    size_t count; // elements or members of the outermost one
    uint64_t is_object[JSON_DEPTH_MAX / 64];
};

enum step {
    STEP_FAILED,
    STEP_VALUE, // a value must follow
    STEP_DONE,  // a value is complete
};

static int peek(const struct scanner *s)
{
    return s->at < s->end ? (unsigned char)*s->at : END;
}

static bool fail(struct scanner *s, const char *reason)
{
    s->reason = reason;
    return false;
}

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_multibyte(struct scanner *s)
{
    size_t len = utf8_length((struct span){s->at, (size_t)(s->end - s->at)});

    s->at += len;
    return len > 0 || fail(s, "invalid UTF-8");
}

static bool take_escape(struct scanner *s)
{
    s->at++;
    int c = peek(s);

    if (c == END || c == 0 || !strchr("\"\\/bfnrtu", c))
        return fail(s, "invalid escape in a string");
    s->at++;
    if (c != 'u')
        return true;
    for (int i = 0; i < 4; i++, s->at++)
        if (!is_hex_digit(peek(s)))
            return fail(s, "invalid escape in a string");
    return true;
}

// Characters of a string that need no further check: ASCII except control characters, quote and
// backslash.
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static bool take_string(struct scanner *s)
{
    s->at++;
    for (;;) {
        while (s->at < s->end && is_plain((unsigned char)*s->at))
            s->at++;
        int c = peek(s);
        if (c == END)
            return fail(s, "string without end");
        if (c < 0x20)
            return fail(s, "control character in a string");
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c == '\\') {
            if (!take_escape(s))
                return false;
        } else if (!take_multibyte(s)) {
            return false;
        }
    }
}

static bool take_digits(struct scanner *s)
{
    if (!is_digit(peek(s)))
        return fail(s, "invalid number");
    while (is_digit(peek(s)))
        s->at++;
    return true;
}

static bool take_number(struct scanner *s)
{
    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++;
    else if (!take_digits(s))
        return false;
    if (peek(s) == '.') {
        s->at++;
        if (!take_digits(s))
            return false;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        return take_digits(s);
    }
    return true;
}

static bool take_word(struct scanner *s, struct span word)
{
    struct span rest = {s->at, (size_t)(s->end - s->at)};

    if (!span_starts_with(rest, word))
        return fail(s, "unexpected character");
    s->at += word.len;
    return true;
}

static bool take_scalar(struct scanner *s)
{
    switch (peek(s)) {
    case END:
        return fail(s, "unexpected end");
    case '"':
        return take_string(s);
    case 't':
        return take_word(s, SPAN_LIT("true"));
    case 'f':
        return take_word(s, SPAN_LIT("false"));
    case 'n':
        return take_word(s, SPAN_LIT("null"));
    default:
        if (peek(s) != '-' && !is_digit(peek(s)))
            return fail(s, "unexpected character");
        return take_number(s);
    }
}

static bool in_object(const struct nesting *open)
{
    size_t top = open->depth - 1;

    return open->is_object[top / 64] >> (top % 64) & 1;
}

static enum step take_name(struct scanner *s)
{
    skip_blanks(s);
    if (peek(s) != '"') {
        fail(s, "a member name in quotes must follow");
        return STEP_FAILED;
    }
    if (!take_string(s))
        return STEP_FAILED;
    skip_blanks(s);
    if (peek(s) != ':') {
        fail(s, "a colon must follow");
        return STEP_FAILED;
    }
    s->at++;
    return STEP_VALUE;
}

static enum step open_container(struct scanner *s, struct nesting *open)
{
    bool object = *s->at == '{';
    uint64_t bit = UINT64_C(1) << (open->depth % 64);

    if (open->depth == open->max_depth) {
        fail(s, "nested too deep");
        return STEP_FAILED;
    }
    s->at++;
    skip_blanks(s);
    if (peek(s) == (object ? '}' : ']')) {
        s->at++;
        return STEP_DONE;
    }
    if (object)
        open->is_object[open->depth / 64] |= bit;
    else
        open->is_object[open->depth / 64] &= ~bit;
    if (open->depth++ == 0)
        open->count = 1;
    return object ? take_name(s) : STEP_VALUE;
}

static enum step take_value(struct scanner *s, struct nesting *open)
{
    skip_blanks(s);
    if (peek(s) == '{' || peek(s) == '[')
        return open_container(s, open);
    return take_scalar(s) ? STEP_DONE : STEP_FAILED;
}

static enum step take_separator(struct scanner *s, struct nesting *open)
{
    bool object = in_object(open);

    skip_blanks(s);
    if (peek(s) == ',') {
        s->at++;
        open->count += open->depth == 1;
        return object ? take_name(s) : STEP_VALUE;
    }
    if (peek(s) == (object ? '}' : ']')) {
        s->at++;
        open->depth--;
        return STEP_DONE;
    }
    fail(s, object ? "a comma or } must follow" : "a comma or ] must follow");
    return STEP_FAILED;
}

// Checks a value without recursion: `open` is the stack. A complete value inside a container is
// followed by a separator or by the end of that container.
static bool skip_value(struct scanner *s, struct nesting *open)
{
    enum step step = take_value(s, open);

    while (step == STEP_VALUE || (step == STEP_DONE && open->depth > 0))
        step = step == STEP_VALUE ? take_value(s, open) : take_separator(s, open);
    return step == STEP_DONE;
}

bool json_check(struct span text, size_t max_depth, size_t *count, struct json_fault *fault)
{
    const char *start = text.ptr ? text.ptr : "";
    struct scanner s = {start, start + text.len, NULL};
    struct nesting open = {.max_depth = max_depth};

    assert(max_depth <= JSON_DEPTH_MAX);
    bool ok = skip_value(&s, &open);
    if (ok)
        skip_blanks(&s);
    if (ok && s.at < s.end)
        ok = fail(&s, "more behind the end of the value");
    if (ok && count)
        *count = open.count;
    if (!ok && fault)
        *fault = (struct json_fault){s.reason, (size_t)(s.at - start)};
    return ok;
}
