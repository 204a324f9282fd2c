#include "common/settings.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/dotenv.h"
#include "common/file.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "common/secret_file.h"

#define DOTENV_MAX   ((size_t)64 * 1024)
#define VALUE_SHOWN  64 // of a wrong value; the rest is cut
#define NAME_BYTES   64 // of a variable
#define SECONDS_DAY  86400
#define SECONDS_HOUR 3600

struct assignment {
    char *name, *value;
    struct assignment *older;
};

static void keep_assignment(const char *name, const char *value, void *arg)
{
    struct assignment **newest = arg;
    struct assignment *a = mem_alloc(sizeof(*a));

    *a = (struct assignment){mem_strdup(name), mem_strdup(value), *newest};
    *newest = a;
}

// Sets variables from the last line to the first and never replaces one. So the last of two lines
// with one name counts, and a variable that the environment had before counts more, even if it is
// empty.
static void apply_and_free(struct assignment *a, bool apply)
{
    while (a) {
        struct assignment *older = a->older;
        if (apply)
            setenv(a->name, a->value, 0);
        free(a->name);
        free(a->value);
        free(a);
        a = older;
    }
}

bool settings_read_dotenv(const char *path, struct buffer *errors)
{
    struct buffer text = {0};
    struct assignment *newest = NULL;
    bool ok = file_read(path, DOTENV_MAX, &text);

    if (ok)
        ok = dotenv_parse(buffer_span(&text), path, keep_assignment, &newest, errors);
    else if (errno == ENOENT)
        ok = true;
    else if (errno == EFBIG)
        settings_fault(errors, "%s is longer than %zu bytes", path, DOTENV_MAX);
    else
        settings_fault(errors, "%s cannot be read: %s", path, strerror(errno));
    apply_and_free(newest, ok);
    buffer_fini(&text);
    return ok;
}

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

bool settings_is_host(const char *text)
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

// Returns false, with the field unchanged, if `text` is not a value of the setting.
static bool store(const struct setting *setting, const char *text, void *field)
{
    int64_t n;

    switch (setting->type) {
    case SETTING_HOST:
        if (!settings_is_host(text))
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

static void describe(const struct setting *setting, struct buffer *out)
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

static void report_wrong(const struct setting *setting, const char *text, struct buffer *errors)
{
    struct span shown = span_of(text);

    if (shown.len > VALUE_SHOWN)
        shown.len = VALUE_SHOWN;
    buffer_printf(errors, "%s must be ", setting->name);
    describe(setting, errors);
    if (setting->type != SETTING_HOST || !strchr(text, '@')) { // it may be a URL with a password
        buffer_printf(errors, ", not ");
        json_string_append(errors, shown);
    }
    buffer_append_char(errors, '\n');
}

bool settings_is_given(const char *name)
{
    const char *text = getenv(name);

    return text && text[0] != '\0';
}

static const char *value_of(const struct setting *setting)
{
    return setting->type == SETTING_FOLDER || settings_is_given(setting->name)
               ? getenv(setting->name)
               : NULL;
}

// NAME_FILE of the secret NAME.
static void name_file_variable(const struct setting *setting, char out[NAME_BYTES])
{
    int len = snprintf(out, NAME_BYTES, "%s" SECRET_FILE_SUFFIX, setting->name);

    assert(len < NAME_BYTES);
}

void settings_forget(const struct setting *setting)
{
    char variable[NAME_BYTES];

    unsetenv(setting->name);
    if (setting->type == SETTING_SECRET) {
        name_file_variable(setting, variable);
        unsetenv(variable);
    }
}

bool setting_is_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_SECRET ||
           setting->type == SETTING_HOST || setting->type == SETTING_FOLDER;
}

// Stores the content of the file that NAME_FILE names.
static bool load_secret_file(const struct setting *setting, const char *variable, void *into,
                             struct buffer *errors)
{
    if (settings_is_given(setting->name)) {
        settings_fault(errors, "%s and %s exclude each other", setting->name, variable);
        return false;
    }
    char *secret = secret_file_read(variable, getenv(variable), errors);
    *(const char **)((char *)into + setting->offset) = secret;
    return secret;
}

static bool load_one(const struct setting *setting, void *into, struct buffer *errors)
{
    char variable[NAME_BYTES];

    if (setting->type == SETTING_SECRET) {
        name_file_variable(setting, variable);
        if (settings_is_given(variable))
            return load_secret_file(setting, variable, into, errors);
    }
    void *field = (char *)into + setting->offset;
    const char *text = value_of(setting);

    if (text) {
        if (store(setting, text, field))
            return true;
        report_wrong(setting, text, errors);
        return false;
    }
    if (setting->fallback) {
        bool right = store(setting, setting->fallback, field);
        assert(right);
        return right;
    }
    if (setting_is_text(setting))
        *(const char **)field = NULL;
    return true;
}

bool settings_load(const struct setting *table, size_t count, void *into, struct buffer *errors)
{
    bool ok = true;

    for (size_t i = 0; i < count; i++)
        ok = load_one(&table[i], into, errors) && ok;
    return ok;
}

void settings_fault(struct buffer *errors, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    buffer_append(errors, span_of(line));
    buffer_append_char(errors, '\n');
}

char *settings_read_file(const char *setting, const char *path, size_t max, struct buffer *errors)
{
    struct buffer text = {0};

    if (file_read(path, max, &text))
        return text.ptr;
    if (errno == EFBIG)
        settings_fault(errors, "%s \"%s\" has more than %zu KB", setting, path, max / 1024);
    else
        settings_fault(errors, "%s \"%s\" cannot be read: %s", setting, path, strerror(errno));
    buffer_fini(&text);
    return NULL;
}

// Says how a secret comes from a file, by the first one as the example.
static void print_secret_files(const struct setting *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].type == SETTING_SECRET) {
            printf("\nA secret text may come from a file instead: %s" SECRET_FILE_SUFFIX
                   " names the file\nof %s.\n",
                   table[i].name, table[i].name);
            return;
        }
    }
}

void settings_print_help(const struct setting *table, size_t count)
{
    struct buffer kind = {0};

    printf("Environment (also read from the file .env in the working directory; the environment\n"
           "takes precedence)\n");
    for (size_t i = 0; i < count; i++) {
        const struct setting *setting = &table[i];
        buffer_clear(&kind);
        describe(setting, &kind);
        printf("  %s", setting->name);
        if (setting->fallback && setting->type != SETTING_SECRET)
            printf("=%s", setting->fallback);
        printf("\n      %s; %s\n", setting->help, kind.ptr);
    }
    buffer_fini(&kind);
    print_secret_files(table, count);
}
