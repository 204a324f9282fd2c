#include "edge/engineio/frame.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/mem.h"

#define HEADER_MAX 10 // RFC 6455, 5.2: of a frame that is not masked

struct frame {
    unsigned refs;
    enum frame_kind kind;
    size_t len;
    size_t header_len;
    struct frame *next;
    char bytes[]; // HEADER_MAX, then the packet
};

struct frame *frame_begin(enum frame_kind kind, size_t size, char **packet)
{
    struct frame *frame = mem_alloc(sizeof(*frame) + HEADER_MAX + size);

    frame->refs = 1;
    frame->kind = kind;
    frame->len = 0;
    frame->header_len = 0;
    frame->next = NULL;
    *packet = frame->bytes + HEADER_MAX;
    return frame;
}

static size_t write_header(unsigned char out[HEADER_MAX], enum frame_kind kind, size_t len)
{
    out[0] = kind == FRAME_TEXT ? 0x81 : 0x82; // FIN, and text or binary
    if (len < 126) {
        out[1] = (unsigned char)len;
        return 2;
    }
    size_t length_bytes = len <= UINT16_MAX ? 2 : 8;
    out[1] = length_bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < length_bytes; i++)
        out[2 + i] = (unsigned char)((uint64_t)len >> (8 * (length_bytes - 1 - i)));
    return 2 + length_bytes;
}

void frame_finish(struct frame *frame, size_t len)
{
    unsigned char header[HEADER_MAX];

    frame->len = len;
    frame->header_len = write_header(header, frame->kind, len);
    memcpy(frame->bytes + HEADER_MAX - frame->header_len, header, frame->header_len);
}

struct frame *frame_new(enum frame_kind kind, struct span packet)
{
    char *at;
    struct frame *frame = frame_begin(kind, packet.len, &at);

    if (packet.len > 0)
        memcpy(at, packet.ptr, packet.len);
    frame_finish(frame, packet.len);
    return frame;
}

void frame_follow(struct frame *frame, struct frame *next)
{
    while (frame->next)
        frame = frame->next;
    frame->next = next;
}

struct frame *frame_next(const struct frame *frame)
{
    return frame->next;
}

struct frame *frame_ref(struct frame *frame)
{
    assert(frame->refs > 0);
    frame->refs++;
    return frame;
}

void frame_unref(struct frame *frame)
{
    while (frame && --frame->refs == 0) {
        struct frame *next = frame->next;
        free(frame);
        frame = next;
    }
}

enum frame_kind frame_kind_of(const struct frame *frame)
{
    return frame->kind;
}

struct span frame_packet(const struct frame *frame)
{
    return (struct span){frame->bytes + HEADER_MAX, frame->len};
}

struct span frame_wire(const struct frame *frame)
{
    return (struct span){frame->bytes + HEADER_MAX - frame->header_len,
                         frame->header_len + frame->len};
}
