#include "edge/engineio/packet.h"

#include "common/base64.h"

bool eio4_packet_decode(struct span text, struct buffer *scratch, struct eio_packet *out)
{
    if (text.len == 0)
        return false;

    struct span data = span_skip(text, 1);
    char type = text.ptr[0];
    if (type == 'b') {
        buffer_clear(scratch);
        if (!base64_decode(scratch, data))
            return false;
        *out = (struct eio_packet){EIO_MESSAGE, FRAME_BINARY, buffer_span(scratch)};
        return true;
    }
    if (type < '0' || type > '0' + EIO_NOOP)
        return false;
    *out = (struct eio_packet){(enum eio_packet_type)(type - '0'), FRAME_TEXT, data};
    return true;
}

void eio4_payload_encode(const struct outbox *outbox, struct buffer *out)
{
    for (uint32_t i = 0; i < outbox->count; i++) {
        struct frame *frame = outbox_at(outbox, i);
        if (i > 0)
            buffer_append_char(out, EIO4_SEPARATOR);
        if (frame_kind_of(frame) == FRAME_BINARY) {
            buffer_append_char(out, 'b');
            base64_append(out, frame_packet(frame));
        } else {
            buffer_append(out, frame_packet(frame));
        }
    }
}
