#include "common/url_settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/secret_file.h"
#include "common/settings.h"

static bool is_given(const char *name)
{
    struct buffer file = {0};

    buffer_printf(&file, "%s" SECRET_FILE_SUFFIX, name);
    bool given = settings_is_given(name) || settings_is_given(file.ptr);
    buffer_fini(&file);
    return given;
}

bool url_setting_differs(const char *url, const char *name, bool same, struct buffer *errors)
{
    if (same || !is_given(name))
        return false;
    settings_fault(errors, "%s and %s say different things; give one of them", name, url);
    return true;
}

void url_setting_take_text(const char *url, const char *name, const char *named, const char **field,
                           struct buffer *errors)
{
    bool same = named && *field && strcmp(*field, named) == 0;

    if (!named || same || url_setting_differs(url, name, same, errors))
        return;
    free((void *)*field);
    *field = mem_strdup(named);
}

void url_setting_take_number(const char *url, const char *name, int64_t named, int64_t *field,
                             struct buffer *errors)
{
    if (!url_setting_differs(url, name, *field == named, errors))
        *field = named;
}

void url_setting_take_switch(const char *url, const char *name, bool named, bool *field,
                             struct buffer *errors)
{
    if (!url_setting_differs(url, name, *field == named, errors))
        *field = named;
}
