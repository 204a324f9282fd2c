#include "common/setting_variables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/dotenv.h"
#include "common/file.h"
#include "common/mem.h"

#define DOTENV_MAX ((size_t)64 * 1024)

struct assignment {
    char *name, *value;
    struct assignment *older;
};

// Lists with the last line first.
static struct {
    struct assignment *set;    // in the environment, by settings_read_dotenv()
    struct assignment *newest; // what the file had when it was read again
    bool read_again;
} file;

static void keep_assignment(const char *name, const char *value, void *arg)
{
    struct assignment **newest = arg;
    struct assignment *a = mem_alloc(sizeof(*a));

    *a = (struct assignment){mem_strdup(name), mem_strdup(value), *newest};
    *newest = a;
}

static const struct assignment *find(const struct assignment *a, const char *name)
{
    while (a && strcmp(a->name, name) != 0)
        a = a->older;
    return a;
}

static void free_all(struct assignment *a)
{
    while (a) {
        struct assignment *older = a->older;
        free(a->name);
        free(a->value);
        free(a);
        a = older;
    }
}

static void append_fault(const char *path, struct buffer *errors)
{
    if (errno == EFBIG) {
        buffer_printf(errors, "%s is longer than %zu bytes\n", path, DOTENV_MAX);
        return;
    }
    buffer_printf(errors, "%s ", path);
    file_append_fault(errors, DOTENV_MAX);
    buffer_append_char(errors, '\n');
}

static bool read_file(const char *path, struct assignment **newest, struct buffer *errors)
{
    struct buffer text = {0};
    bool ok = file_read(path, DOTENV_MAX, &text);

    if (ok)
        ok = dotenv_parse(buffer_span(&text), path, keep_assignment, newest, errors);
    else if (errno == ENOENT)
        ok = true;
    else
        append_fault(path, errors);
    buffer_fini(&text);
    if (ok)
        return true;
    free_all(*newest);
    *newest = NULL;
    return false;
}

// Sets variables from the last line to the first and never replaces one. So the last of two lines
// with one name counts, and a variable that the environment had before counts more, even if it is
// empty.
bool settings_read_dotenv(const char *path, struct buffer *errors)
{
    struct assignment *newest = NULL;

    if (!read_file(path, &newest, errors))
        return false;
    free_all(file.set);
    free_all(file.newest);
    file.set = file.newest = NULL;
    file.read_again = false;
    while (newest) {
        struct assignment *a = newest;
        newest = a->older;
        a->older = NULL;
        if (getenv(a->name)) {
            free_all(a);
            continue;
        }
        setenv(a->name, a->value, 1);
        a->older = file.set;
        file.set = a;
    }
    return true;
}

bool settings_read_dotenv_again(const char *path, struct buffer *errors)
{
    struct assignment *newest = NULL;

    if (!read_file(path, &newest, errors))
        return false;
    free_all(file.newest);
    file.newest = newest;
    file.read_again = true;
    return true;
}

const char *setting_variable(const char *name)
{
    const char *given = getenv(name);
    const struct assignment *a = find(file.newest, name);

    if (!file.read_again || (given && !find(file.set, name)))
        return given;
    return a ? a->value : NULL;
}
