#include "edge/engineio/frame.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/websocket/frame_header.h"

#define ALLOCATION 16 // bytes that malloc() adds to each block

// A whole WebSocket frame.
struct wire {
    size_t len;
    char bytes[];
};

struct frame {
    unsigned refs;
    enum frame_kind kind;
    size_t size; // of the memory behind `bytes`
    size_t len;
    size_t header_len;
    struct memory_budget *budget; // NULL: not charged yet
    struct frame *next;
    struct wire *compressed; // NULL: not compressed yet, or incompressible
    bool incompressible;     // compression does not make it shorter
    char bytes[];            // WS_SERVER_HEADER_MAX, then the packet
};

struct frame *frame_begin(enum frame_kind kind, size_t size, char **packet)
{
    struct frame *frame = mem_alloc(sizeof(*frame) + WS_SERVER_HEADER_MAX + size);

    frame->refs = 1;
    frame->kind = kind;
    frame->size = WS_SERVER_HEADER_MAX + size;
    frame->len = 0;
    frame->header_len = 0;
    frame->budget = NULL;
    frame->next = NULL;
    frame->compressed = NULL;
    frame->incompressible = false;
    *packet = frame->bytes + WS_SERVER_HEADER_MAX;
    return frame;
}

static enum ws_opcode opcode_of(const struct frame *frame)
{
    return frame->kind == FRAME_TEXT ? WS_TEXT : WS_BINARY;
}

void frame_finish(struct frame *frame, size_t len)
{
    unsigned char header[WS_SERVER_HEADER_MAX];

    frame->len = len;
    frame->header_len = ws_header_write(header, opcode_of(frame), false, len);
    memcpy(frame->bytes + WS_SERVER_HEADER_MAX - frame->header_len, header, frame->header_len);
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

size_t frame_cost(const struct frame *frame)
{
    return ALLOCATION + sizeof(*frame) + frame->size + FRAME_PLACE;
}

// What a charged frame has taken from the budget, and gives back in the end.
static size_t charged_bytes(const struct frame *frame)
{
    return frame_cost(frame) +
           (frame->compressed ? ALLOCATION + sizeof(struct wire) + frame->compressed->len : 0);
}

bool frame_charge(struct frame *frame, struct memory_budget *budget)
{
    if (frame->budget || !budget)
        return true;
    if (!memory_budget_take(budget, MEMORY_OUTBOXES, charged_bytes(frame)))
        return false;
    frame->budget = budget;
    return true;
}

void frame_charge_anyway(struct frame *frame, struct memory_budget *budget)
{
    if (frame->budget)
        return;
    memory_budget_charge(budget, MEMORY_OUTBOXES, charged_bytes(frame));
    frame->budget = budget;
}

void frame_unref(struct frame *frame)
{
    while (frame && --frame->refs == 0) {
        struct frame *next = frame->next;
        memory_budget_give(frame->budget, MEMORY_OUTBOXES, charged_bytes(frame));
        free(frame->compressed);
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
    return (struct span){frame->bytes + WS_SERVER_HEADER_MAX, frame->len};
}

struct span frame_wire(const struct frame *frame)
{
    return (struct span){frame->bytes + WS_SERVER_HEADER_MAX - frame->header_len,
                         frame->header_len + frame->len};
}

static struct wire *compress(const struct frame *frame, struct ws_deflater *deflater)
{
    unsigned char header[WS_SERVER_HEADER_MAX];
    struct span payload = ws_deflate(deflater, frame_packet(frame));
    size_t header_len = ws_header_write(header, opcode_of(frame), true, payload.len);
    struct wire *wire;

    if (header_len + payload.len >= frame_wire(frame).len)
        return NULL;
    wire = mem_alloc(sizeof(*wire) + header_len + payload.len);
    wire->len = header_len + payload.len;
    memcpy(wire->bytes, header, header_len);
    memcpy(wire->bytes + header_len, payload.ptr, payload.len);
    return wire;
}

struct span frame_compressed_wire(struct frame *frame, struct ws_deflater *deflater)
{
    if (!frame->compressed && !frame->incompressible) {
        size_t before = charged_bytes(frame);
        frame->compressed = compress(frame, deflater);
        frame->incompressible = !frame->compressed;
        memory_budget_charge(frame->budget, MEMORY_OUTBOXES, charged_bytes(frame) - before);
    }
    return frame->incompressible ? frame_wire(frame)
                                 : (struct span){frame->compressed->bytes, frame->compressed->len};
}
