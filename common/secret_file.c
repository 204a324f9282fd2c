#include "common/secret_file.h"

#include <string.h>

#include "common/file.h"
#include "common/json_string.h"

// Editors and `echo` end a file with a line end, which nobody means as a part of the secret.
static void cut_line_end(struct buffer *text)
{
    if (text->len > 0 && text->ptr[text->len - 1] == '\n') {
        text->len--;
        if (text->len > 0 && text->ptr[text->len - 1] == '\r')
            text->len--;
    }
    text->ptr[text->len] = '\0';
}

// Appends what is wrong with the file to `fault`, and returns false then.
static bool read_secret(const char *path, struct buffer *text, struct buffer *fault)
{
    if (!file_read(path, SECRET_FILE_MAX, text)) {
        file_append_fault(fault, SECRET_FILE_MAX);
        return false;
    }
    cut_line_end(text);
    if (text->len == 0)
        buffer_printf(fault, "is empty");
    else if (memchr(text->ptr, '\0', text->len))
        buffer_printf(fault, "has a NUL byte, which a secret cannot contain");
    return fault->len == 0;
}

char *secret_file_read(const char *variable, const char *path, struct buffer *errors)
{
    struct buffer text = {0}, fault = {0};

    if (read_secret(path, &text, &fault))
        return text.ptr;
    buffer_printf(errors, "%s ", variable);
    json_string_append(errors, span_of(path));
    buffer_printf(errors, " %s\n", fault.ptr);
    buffer_fini(&fault);
    buffer_fini(&text);
    return NULL;
}
