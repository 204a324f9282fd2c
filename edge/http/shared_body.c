#include "edge/http/shared_body.h"

#include <stdlib.h>

#include "common/mem.h"

struct shared_body {
    size_t references;
    struct buffer forms[CODINGS]; // by coding; an empty one is not made yet
};

struct shared_body *shared_body_new(struct buffer *content)
{
    struct shared_body *body = mem_zalloc(sizeof(*body));

    body->references = 1;
    body->forms[CODING_IDENTITY] = *content;
    *content = (struct buffer){0};
    return body;
}

struct shared_body *shared_body_ref(struct shared_body *body)
{
    body->references++;
    return body;
}

void shared_body_unref(struct shared_body *body)
{
    if (!body || --body->references > 0)
        return;
    for (size_t i = 0; i < CODINGS; i++)
        buffer_fini(&body->forms[i]);
    free(body);
}

struct span shared_body_plain(const struct shared_body *body)
{
    return buffer_span(&body->forms[CODING_IDENTITY]);
}

struct span shared_body_coded(struct shared_body *body, enum content_coding coding,
                              struct compressor *compressor)
{
    struct buffer *form = &body->forms[coding];

    if (form->len == 0 && coding != CODING_IDENTITY)
        buffer_append(form, compressor_run(compressor, coding, shared_body_plain(body)));
    return buffer_span(form);
}
