#include "edge/engineio/packet.h"

#include "common/base64.h"

static bool take_type(unsigned char digit, enum eio_packet_type *type)
{
    if (digit > EIO_NOOP)
        return false;
    *type = (enum eio_packet_type)digit;
    return true;
}

static bool decode_base64(unsigned version, struct span text, struct buffer *scratch,
                          struct eio_packet *out)
{
    out->kind = FRAME_BINARY;
    out->type = EIO_MESSAGE;
    if (version == 3) {
        if (text.len == 0 || !take_type((unsigned char)(text.ptr[0] - '0'), &out->type))
            return false;
        text = span_skip(text, 1);
    }
    buffer_clear(scratch);
    if (!base64_decode(scratch, text))
        return false;
    out->data = buffer_span(scratch);
    return true;
}

static bool decode_text(unsigned version, struct span text, struct buffer *scratch,
                        struct eio_packet *out)
{
    if (text.len == 0)
        return false;
    if (text.ptr[0] == 'b')
        return decode_base64(version, span_skip(text, 1), scratch, out);
    out->kind = FRAME_TEXT;
    out->data = span_skip(text, 1);
    return take_type((unsigned char)(text.ptr[0] - '0'), &out->type);
}

static bool decode_binary(unsigned version, struct span bytes, struct eio_packet *out)
{
    *out = (struct eio_packet){EIO_MESSAGE, FRAME_BINARY, bytes};
    if (version == 4)
        return true;
    if (bytes.len == 0)
        return false;
    out->data = span_skip(bytes, 1);
    return take_type((unsigned char)bytes.ptr[0], &out->type);
}

bool eio_packet_decode(unsigned version, enum frame_kind kind, struct span bytes,
                       struct buffer *scratch, struct eio_packet *out)
{
    if (kind == FRAME_TEXT)
        return decode_text(version, bytes, scratch, out);
    return decode_binary(version, bytes, out);
}

void eio_packet_append_base64(unsigned version, struct span message, struct buffer *out)
{
    buffer_append(out, version == 3 ? SPAN_LIT("b4") : SPAN_LIT("b"));
    base64_append(out, message);
}

struct frame *eio_packet_reframe(unsigned version, bool as_text, const struct frame *binary)
{
    struct buffer packet = {0};

    if (as_text) {
        eio_packet_append_base64(version, frame_packet(binary), &packet);
    } else {
        buffer_append_char(&packet, EIO_MESSAGE);
        buffer_append(&packet, frame_packet(binary));
    }
    struct frame *frame = frame_new(as_text ? FRAME_TEXT : FRAME_BINARY, buffer_span(&packet));
    buffer_fini(&packet);
    return frame;
}
