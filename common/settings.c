#include "common/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/json_string.h"
#include "common/secret_file.h"
#include "common/setting_value.h"
#include "common/setting_variables.h"

#define VALUE_SHOWN 64 // of a wrong value; the rest is cut
#define NAME_BYTES  64 // of a variable

static void report_wrong(const struct setting *setting, const char *text, struct buffer *errors)
{
    struct span shown = span_of(text);

    if (shown.len > VALUE_SHOWN)
        shown.len = VALUE_SHOWN;
    buffer_printf(errors, "%s must be ", setting->name);
    setting_value_describe(setting, errors);
    if (setting->type != SETTING_HOST || !strchr(text, '@')) { // it may be a URL with a password
        buffer_printf(errors, ", not ");
        json_string_append(errors, shown);
    }
    buffer_append_char(errors, '\n');
}

bool settings_is_given(const char *name)
{
    const char *text = setting_variable(name);

    return text && text[0] != '\0';
}

static const char *value_of(const struct setting *setting)
{
    return setting->type == SETTING_FOLDER || settings_is_given(setting->name)
               ? setting_variable(setting->name)
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

// Stores the content of the file that NAME_FILE names.
static bool load_secret_file(const struct setting *setting, const char *variable, void *into,
                             struct buffer *errors)
{
    if (settings_is_given(setting->name)) {
        settings_fault(errors, "%s and %s exclude each other", setting->name, variable);
        return false;
    }
    char *secret = secret_file_read(variable, setting_variable(variable), errors);
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
        if (setting_value_store(setting, text, field))
            return true;
        report_wrong(setting, text, errors);
        return false;
    }
    if (setting->fallback) {
        bool right = setting_value_store(setting, setting->fallback, field);
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

bool settings_load_named(const struct setting *table, size_t count, const char *name, void *into,
                         struct buffer *errors)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return load_one(&table[i], into, errors);
    assert(false && "a setting of the table");
    return false;
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
    struct buffer text = {0}, fault = {0};

    if (file_read(path, max, &text))
        return text.ptr;
    file_append_fault(&fault, max);
    settings_fault(errors, "%s \"%s\" %s", setting, path, fault.ptr);
    buffer_fini(&fault);
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
        setting_value_describe(setting, &kind);
        printf("  %s", setting->name);
        if (setting->fallback && setting->type != SETTING_SECRET)
            printf("=%s", setting->fallback);
        printf("\n      %s; %s\n", setting->help, kind.ptr);
    }
    buffer_fini(&kind);
    print_secret_files(table, count);
}
