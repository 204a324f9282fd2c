#include "common/setting_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>

#include "common/mem.h"

#define SECONDS_DAY  86400
#define SECONDS_HOUR 3600

static bool parse_int64(struct span text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t n;

    if (negative)
        text = span_skip(text, 1);
    if (!span_take_uint(&text, INT64_MAX, &n) || text.len > 0)
        return false;
    *out = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

static int64_t seconds_of_unit(char unit)
{
    switch (unit) {
    case 'd':
        return SECONDS_DAY;
    case 'h':
        return SECONDS_HOUR;
    case 'm':
        return 60;
    case 's':
        return 1;
    default:
        return 0;
    }
}

static bool parse_duration(struct span text, int64_t *out)
{
    int64_t unit = text.len > 0 ? seconds_of_unit(text.ptr[text.len - 1]) : 0;

    if (unit > 0)
        text.len--;
    else
        unit = 1;
    if (!parse_int64(text, out) || *out > INT64_MAX / unit || *out < INT64_MIN / unit)
        return false;
    *out *= unit;
    return true;
}

static bool parse_choice(struct span text, const char *const *choices, int *out)
{
    for (int i = 0; choices[i]; i++) {
        if (span_eq_nocase(text, span_of(choices[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool parse_switch(struct span text, bool *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on", NULL};
    int index;

    if (!parse_choice(text, words, &index))
        return false;
    *out = index % 2 == 1;
    return true;
}

bool setting_is_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_SECRET ||
           setting->type == SETTING_HOST || setting->type == SETTING_FOLDER;
}

bool setting_value_is_host(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (strchr(text, ':'))
        return inet_pton(AF_INET6, text, address) == 1;
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("-._", *at))
            return false;
    return text[0] != '\0';
}

static bool within(const struct setting *setting, int64_t n)
{
    return n >= setting->min && n <= setting->max;
}

bool setting_value_store(const struct setting *setting, const char *text, void *field)
{
    int64_t n;

    switch (setting->type) {
    case SETTING_HOST:
        if (!setting_value_is_host(text))
            return false;
        *(const char **)field = mem_strdup(text);
        return true;
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_FOLDER:
        *(const char **)field = mem_strdup(text);
        return true;
    case SETTING_NUMBER:
        if (!parse_int64(span_of(text), &n) || !within(setting, n))
            return false;
        *(int64_t *)field = n;
        return true;
    case SETTING_DURATION:
        if (!parse_duration(span_of(text), &n) || !within(setting, n))
            return false;
        *(int64_t *)field = n;
        return true;
    case SETTING_SWITCH:
        return parse_switch(span_of(text), field);
    case SETTING_CHOICE:
        return parse_choice(span_of(text), setting->choices, field);
    }
    return false;
}

static void describe_duration(int64_t seconds, struct buffer *out)
{
    static const char units[] = "dhm";

    for (size_t i = 0; seconds != 0 && i < sizeof(units) - 1; i++) {
        int64_t length = seconds_of_unit(units[i]);
        if (seconds % length == 0) {
            buffer_printf(out, "%" PRId64 "%c", seconds / length, units[i]);
            return;
        }
    }
    buffer_printf(out, "%" PRId64 "s", seconds);
}

static void describe_choices(const char *const *choices, struct buffer *out)
{
    for (size_t i = 0; choices[i]; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "one of ", choices[i]);
}

void setting_value_describe(const struct setting *setting, struct buffer *out)
{
    switch (setting->type) {
    case SETTING_TEXT:
        buffer_printf(out, "a text");
        break;
    case SETTING_SECRET:
        buffer_printf(out, "a secret text");
        break;
    case SETTING_HOST:
        buffer_printf(out, "a host name or an address, without scheme, port, user and path");
        break;
    case SETTING_FOLDER:
        buffer_printf(out, "a folder, or empty for none");
        break;
    case SETTING_NUMBER:
        buffer_printf(out, "a number from %" PRId64 " to %" PRId64, setting->min, setting->max);
        break;
    case SETTING_SWITCH:
        buffer_printf(out, "true or false");
        break;
    case SETTING_CHOICE:
        describe_choices(setting->choices, out);
        break;
    case SETTING_DURATION:
        buffer_printf(out, "a duration (7d, 12h, 30m, 45s) from ");
        describe_duration(setting->min, out);
        buffer_printf(out, " to ");
        describe_duration(setting->max, out);
        break;
    }
}
