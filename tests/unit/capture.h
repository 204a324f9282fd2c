// Captures what is written to a descriptor of the process, in an unnamed file.
#pragma once

#include <stdio.h>
#include <unistd.h>

#include "common/buffer.h"
#include "tests/unit/unit.h"

struct capture {
    int fd, before;
    FILE *file;
};

static inline struct capture capture_start(int fd)
{
    struct capture c = {.fd = fd, .file = tmpfile()};

    assert_non_null(c.file);
    fflush(NULL);
    c.before = dup(fd);
    assert_true(c.before >= 0 && dup2(fileno(c.file), fd) == fd);
    return c;
}

// Restores the descriptor and appends what was captured to `out`.
static inline void capture_end(struct capture *c, struct buffer *out)
{
    size_t n;

    fflush(NULL);
    dup2(c->before, c->fd);
    close(c->before);
    rewind(c->file);
    do {
        n = fread(buffer_reserve(out, 4096), 1, 4096, c->file);
        out->len += n;
    } while (n > 0);
    buffer_append(out, SPAN_LIT(""));
    fclose(c->file);
}

// How often `text` stands in what was captured.
static inline size_t capture_count(const struct buffer *captured, const char *text)
{
    struct span rest = buffer_span(captured), before;
    size_t count = 0;

    while (span_take_before(&rest, span_of(text), &before))
        count++;
    return count;
}
