#include "common/log_message.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/span.h"
#include "common/utf8.h"

static const struct span ellipsis = SPAN_INIT("...");

struct message {
    char *out;
    size_t len;
    bool cut; // nothing is written behind the place where it was cut
};

// Writes all of `text` or, if it does not fit, nothing from here on.
static void put(struct message *m, struct span text)
{
    m->cut = m->cut || m->len + text.len + ellipsis.len >= LOG_MESSAGE_MAX;
    if (m->cut)
        return;
    memcpy(m->out + m->len, text.ptr, text.len);
    m->len += text.len;
}

static bool is_bare(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ' ' || text.ptr[i] == '"' || text.ptr[i] == '\\' || text.ptr[i] == '=' ||
            char_is_control(text.ptr[i]))
            return false;
    return text.len > 0;
}

// U+0080 to U+009F, which some terminals obey as they obey escape sequences.
static bool is_c1_control(struct span character)
{
    return character.len == 2 && character.ptr[0] == '\xc2' &&
           (unsigned char)character.ptr[1] < 0xa0;
}

static void put_escaped(struct message *m, char c)
{
    char text[8];

    if (c == '\n')
        put(m, SPAN_LIT("\\n"));
    else if (c == '"' || c == '\\')
        put(m, (struct span){(const char[]){'\\', c}, 2});
    else
        put(m, (struct span){text, (size_t)snprintf(text, sizeof(text), "\\u%04x", (unsigned)c)});
}

// Writes the first character of `text` and returns its length in `text`.
static size_t put_character(struct message *m, struct span text)
{
    size_t len = utf8_length(text);
    struct span character = {text.ptr, len};
    char c = text.ptr[0];

    if (len == 0 || is_c1_control(character)) {
        put(m, SPAN_LIT("?"));
        return 1; // what follows is no character either, and gets its own mark
    }
    if (c == '"' || c == '\\' || char_is_control(c))
        put_escaped(m, c);
    else
        put(m, character);
    return len;
}

static void put_text(struct message *m, struct span text)
{
    bool bare = is_bare(text);
    size_t end = text.len < LOG_VALUE_MAX ? text.len : LOG_VALUE_MAX;

    if (!bare)
        put(m, SPAN_LIT("\""));
    for (size_t i = 0; i < end;)
        i += put_character(m, span_skip(text, i));
    if (end < text.len)
        put(m, ellipsis);
    if (!bare)
        put(m, SPAN_LIT("\""));
}

// In a struct, since a va_list may be an array and is then passed by its address.
struct arguments {
    va_list list;
};

static void put_percent(struct message *m, struct arguments *args)
{
    (void)args;
    put(m, SPAN_LIT("%"));
}

static void put_string(struct message *m, struct arguments *args)
{
    put_text(m, span_of(va_arg(args->list, const char *)));
}

static void put_span(struct message *m, struct arguments *args)
{
    int len = va_arg(args->list, int);

    put_text(m, (struct span){va_arg(args->list, const char *), (size_t)len});
}

static void put_number(struct message *m, const char *sign, unsigned long long magnitude)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%s%llu", sign, magnitude);

    put(m, (struct span){text, (size_t)len});
}

static void put_signed(struct message *m, long long value)
{
    put_number(m, value < 0 ? "-" : "",
               value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value);
}

static void put_int(struct message *m, struct arguments *args)
{
    put_signed(m, va_arg(args->list, int));
}

static void put_int64(struct message *m, struct arguments *args)
{
    put_signed(m, va_arg(args->list, int64_t));
}

static void put_unsigned(struct message *m, struct arguments *args)
{
    put_number(m, "", va_arg(args->list, unsigned));
}

static void put_size(struct message *m, struct arguments *args)
{
    put_number(m, "", va_arg(args->list, size_t));
}

static void put_uint64(struct message *m, struct arguments *args)
{
    put_number(m, "", va_arg(args->list, uint64_t));
}

// tests/log_lines/check refuses a log line with any other conversion.
static const struct {
    const char *name;
    void (*put)(struct message *m, struct arguments *args);
} conversions[] = {
    {"%", put_percent},  {"s", put_string}, {".*s", put_span},   {"d", put_int},
    {"u", put_unsigned}, {"zu", put_size},  {PRId64, put_int64}, {PRIu64, put_uint64},
};

// Writes the argument of the conversion at the beginning of `format`, behind its %, and returns
// the length of the conversion.
static size_t put_argument(struct message *m, const char *format, struct arguments *args)
{
    for (size_t i = 0; i < ARRAY_LEN(conversions); i++) {
        size_t len = strlen(conversions[i].name);
        if (strncmp(format, conversions[i].name, len) == 0) {
            conversions[i].put(m, args);
            return len;
        }
    }
    assert(false); // log_message.h names the conversions that may be used
    return 0;
}

size_t log_message_format(char out[LOG_MESSAGE_MAX], const char *format, va_list list)
{
    struct message m = {.out = out};
    struct arguments args;

    va_copy(args.list, list);
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");
        put(&m, (struct span){format, plain});
        format += plain;
        if (*format == '%')
            format += 1 + put_argument(&m, format + 1, &args);
    }
    va_end(args.list);
    if (m.cut) {
        memcpy(out + m.len, ellipsis.ptr, ellipsis.len);
        m.len += ellipsis.len;
    }
    out[m.len] = '\0';
    return m.len;
}
