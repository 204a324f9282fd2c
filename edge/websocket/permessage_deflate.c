#include "edge/websocket/permessage_deflate.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "common/mem.h"

#define LEVEL        Z_BEST_SPEED // events are small and many, so speed counts
#define MEMORY_LEVEL 8
#define FLUSH_ROOM   16 // for what a flush writes behind a message
#define STEP         ((size_t)16 * 1024)
#define BLOCK_ENDED  128 // bit of data_type: zlib stopped at the end of a block

// The end of what Z_SYNC_FLUSH writes. The sender cuts it off and the receiver appends it again
// (RFC 7692, 7.2.1 and 7.2.2).
#define TAIL SPAN_LIT("\x00\x00\xff\xff")

// ---- the offer

struct offer {
    bool server_bits, client_bits, server_takeover, client_takeover; // named already
    unsigned server_window_bits;
};

// Reads window bits: 8 to 15, without leading zeros; quotes around them are allowed.
static bool read_bits(struct span text, unsigned *out)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        text = (struct span){text.ptr + 1, text.len - 2};
    size_t len = text.len;
    uint64_t bits;

    if (!span_take_uint(&text, WS_WINDOW_BITS_MAX, &bits) || text.len > 0 || bits < 8)
        return false;
    *out = (unsigned)bits;
    return len == (bits < 10 ? 1 : 2);
}

static bool take_once(bool *named)
{
    bool first = !*named;

    *named = true;
    return first;
}

static bool take_parameter(struct offer *offer, struct span name, struct span value)
{
    unsigned ignored;

    if (span_is(name, "server_no_context_takeover"))
        return take_once(&offer->server_takeover) && !value.ptr;
    if (span_is(name, "client_no_context_takeover"))
        return take_once(&offer->client_takeover) && !value.ptr;
    if (span_is(name, "client_max_window_bits"))
        return take_once(&offer->client_bits) && (!value.ptr || read_bits(value, &ignored));
    if (span_is(name, "server_max_window_bits"))
        return take_once(&offer->server_bits) && read_bits(value, &offer->server_window_bits);
    return false;
}

static bool read_offer(struct span text, struct offer *offer)
{
    struct span item, name;

    *offer = (struct offer){.server_window_bits = WS_WINDOW_BITS_MAX};
    if (!span_take_until(&text, ';', &item) || !span_is(span_trim(item), "permessage-deflate"))
        return false;
    while (span_take_until(&text, ';', &item)) {
        if (!span_take_until(&item, '=', &name))
            return false;
        struct span value = item.ptr ? span_trim(item) : item;
        if (!take_parameter(offer, span_trim(name), value))
            return false;
    }
    return true;
}

bool ws_deflate_accept(struct span offers, unsigned window_bits, struct buffer *answer)
{
    struct span text;
    struct offer offer;

    while (span_take_until(&offers, ',', &text)) {
        if (!read_offer(text, &offer) || offer.server_window_bits < window_bits)
            continue;
        buffer_append(answer, SPAN_LIT("permessage-deflate; server_no_context_takeover; "
                                       "client_no_context_takeover"));
        // An offer that names server_max_window_bits must be answered with it, even if the window
        // is the largest one (RFC 7692, 7.1.2.1).
        if (offer.server_bits || window_bits < WS_WINDOW_BITS_MAX)
            buffer_printf(answer, "; server_max_window_bits=%u", window_bits);
        return true;
    }
    return false;
}

// ---- compressing

struct ws_deflater {
    z_stream stream;
    unsigned window_bits;
    bool ready;
    struct buffer out;
};

struct ws_deflater *ws_deflater_new(unsigned window_bits)
{
    struct ws_deflater *deflater = mem_zalloc(sizeof(*deflater));

    deflater->window_bits = window_bits;
    return deflater;
}

void ws_deflater_free(struct ws_deflater *deflater)
{
    if (!deflater)
        return;
    if (deflater->ready)
        deflateEnd(&deflater->stream);
    buffer_fini(&deflater->out);
    free(deflater);
}

static void start_deflating(struct ws_deflater *deflater)
{
    int rc = deflater->ready
                 ? deflateReset(&deflater->stream)
                 : deflateInit2(&deflater->stream, LEVEL, Z_DEFLATED, -(int)deflater->window_bits,
                                MEMORY_LEVEL, Z_DEFAULT_STRATEGY);

    if (rc != Z_OK)
        abort(); // out of memory
    deflater->ready = true;
}

struct span ws_deflate(struct ws_deflater *deflater, struct span message)
{
    z_stream *stream = &deflater->stream;

    start_deflating(deflater);
    size_t room = deflateBound(stream, message.len) + FLUSH_ROOM;
    buffer_clear(&deflater->out);
    stream->next_in = (Bytef *)(uintptr_t)message.ptr;
    stream->avail_in = (uInt)message.len;
    stream->next_out = (Bytef *)buffer_reserve(&deflater->out, room);
    stream->avail_out = (uInt)room;
    int rc = deflate(stream, Z_SYNC_FLUSH);
    assert(rc == Z_OK && stream->avail_out > 0);
    (void)rc;
    deflater->out.len = room - stream->avail_out - TAIL.len;
    return buffer_span(&deflater->out);
}

// ---- expanding

struct ws_inflater {
    z_stream stream;
    bool ready;
    struct buffer out;
};

struct ws_inflater *ws_inflater_new(void)
{
    return mem_zalloc(sizeof(struct ws_inflater));
}

void ws_inflater_free(struct ws_inflater *inflater)
{
    if (!inflater)
        return;
    if (inflater->ready)
        inflateEnd(&inflater->stream);
    buffer_fini(&inflater->out);
    free(inflater);
}

static void start_inflating(struct ws_inflater *inflater)
{
    int rc = inflater->ready ? inflateReset(&inflater->stream)
                             : inflateInit2(&inflater->stream, -WS_WINDOW_BITS_MAX);

    if (rc != Z_OK)
        abort(); // out of memory
    inflater->ready = true;
    buffer_clear(&inflater->out);
}

// Expands one piece of the input. A message may have data behind a block that is marked as final
// (RFC 7692, 7.2.3.4), so the stream begins anew there.
static enum ws_inflate_status inflate_piece(struct ws_inflater *inflater, struct span piece,
                                            size_t max)
{
    z_stream *stream = &inflater->stream;
    struct buffer *out = &inflater->out;

    stream->next_in = (Bytef *)(uintptr_t)piece.ptr;
    stream->avail_in = (uInt)piece.len;
    for (;;) {
        stream->next_out = (Bytef *)buffer_reserve(out, STEP);
        stream->avail_out = STEP;
        int rc = inflate(stream, Z_SYNC_FLUSH);
        out->len += STEP - stream->avail_out;
        if (out->len > max)
            return WS_INFLATE_TOO_BIG;
        if (rc == Z_STREAM_END)
            rc = inflateReset(stream);
        else if (rc == Z_BUF_ERROR && stream->avail_in == 0)
            rc = Z_OK; // not an error: the input was used up before
        if (rc != Z_OK)
            return WS_INFLATE_BROKEN;
        if (stream->avail_in == 0 && stream->avail_out > 0)
            return WS_INFLATED;
    }
}

enum ws_inflate_status ws_inflate(struct ws_inflater *inflater, struct span payload, size_t max,
                                  struct span *message)
{
    start_inflating(inflater);
    enum ws_inflate_status status = inflate_piece(inflater, payload, max);
    if (status == WS_INFLATED)
        status = inflate_piece(inflater, TAIL, max);
    if (status == WS_INFLATED && !(inflater->stream.data_type & BLOCK_ENDED))
        status = WS_INFLATE_BROKEN; // the message was cut off
    *message = buffer_span(&inflater->out);
    return status;
}
