#include "edge/http/content_encoding.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/mem.h"

// A client waits while its polling reply is compressed: speed counts more than a few percent.
#define LEVEL        Z_BEST_SPEED
#define MEMORY_LEVEL 8
#define WINDOW_GZIP  (15 + 16) // zlib's way to ask for a gzip wrapper

struct compressor {
    z_stream streams[CODINGS];
    bool ready[CODINGS];
    struct buffer out;
};

static bool is_refused(struct span parameters)
{
    struct span one, name;

    while (span_take_until(&parameters, ';', &one)) {
        one = span_trim(one);
        if (!span_take_until(&one, '=', &name) || !span_eq_nocase(span_trim(name), SPAN_LIT("q")))
            continue;
        if (!one.ptr)
            return false; // a "q" without a value is ignored
        one = span_trim(one);
        while (one.len > 0 && (one.ptr[0] == '0' || one.ptr[0] == '.'))
            one = span_skip(one, 1);
        return one.len == 0; // q=0, q=0.0, …
    }
    return false;
}

static bool accepts(struct span header, const char *coding)
{
    struct span item, name;

    while (span_take_until(&header, ',', &item)) {
        if (!span_take_until(&item, ';', &name))
            continue;
        if (span_eq_nocase(span_trim(name), span_of(coding)))
            return !is_refused(item);
    }
    return false;
}

enum content_coding content_coding_accepted(struct span accept_encoding)
{
    if (accepts(accept_encoding, "gzip"))
        return CODING_GZIP;
    if (accepts(accept_encoding, "deflate"))
        return CODING_DEFLATE;
    return CODING_IDENTITY;
}

const char *content_coding_name(enum content_coding coding)
{
    static const char *const names[] = {
        [CODING_IDENTITY] = "identity",
        [CODING_GZIP] = "gzip",
        [CODING_DEFLATE] = "deflate",
    };
    return names[coding];
}

struct compressor *compressor_new(void)
{
    return mem_zalloc(sizeof(struct compressor));
}

void compressor_free(struct compressor *compressor)
{
    if (!compressor)
        return;
    for (size_t i = 0; i < ARRAY_LEN(compressor->streams); i++)
        if (compressor->ready[i])
            deflateEnd(&compressor->streams[i]);
    buffer_fini(&compressor->out);
    free(compressor);
}

static z_stream *fresh_stream(struct compressor *compressor, enum content_coding coding)
{
    z_stream *stream = &compressor->streams[coding];
    int window = coding == CODING_GZIP ? WINDOW_GZIP : MAX_WBITS;
    int rc = compressor->ready[coding] ? deflateReset(stream)
                                       : deflateInit2(stream, LEVEL, Z_DEFLATED, window,
                                                      MEMORY_LEVEL, Z_DEFAULT_STRATEGY);

    if (rc != Z_OK)
        abort(); // out of memory
    compressor->ready[coding] = true;
    return stream;
}

struct span compressor_run(struct compressor *compressor, enum content_coding coding,
                           struct span body)
{
    z_stream *stream = fresh_stream(compressor, coding);
    size_t bound = deflateBound(stream, body.len);

    buffer_clear(&compressor->out);
    stream->next_in = (Bytef *)(uintptr_t)body.ptr;
    stream->avail_in = (uInt)body.len;
    stream->next_out = (Bytef *)buffer_reserve(&compressor->out, bound);
    stream->avail_out = (uInt)bound;
    int rc = deflate(stream, Z_FINISH);
    assert(rc == Z_STREAM_END);
    (void)rc;
    compressor->out.len = bound - stream->avail_out;
    return buffer_span(&compressor->out);
}
