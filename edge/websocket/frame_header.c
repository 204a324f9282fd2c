#include "edge/websocket/frame_header.h"

#define FINAL       0x80
#define RSV1        0x40
#define RSV2_RSV3   0x30
#define OPCODE      0x0f
#define MASKED      0x80
#define LENGTH      0x7f
#define LENGTH_IN_2 126
#define LENGTH_IN_8 127
#define MASK_LEN    4

static void write_big_endian(unsigned char *out, size_t width, uint64_t n)
{
    for (size_t i = 0; i < width; i++)
        out[i] = (unsigned char)(n >> (8 * (width - 1 - i)));
}

static uint64_t read_big_endian(const unsigned char *at, size_t width)
{
    uint64_t n = 0;

    for (size_t i = 0; i < width; i++)
        n = n << 8 | at[i];
    return n;
}

size_t ws_header_write(unsigned char out[WS_SERVER_HEADER_MAX], enum ws_opcode opcode,
                       bool compressed, uint64_t payload_len)
{
    out[0] = (unsigned char)(FINAL | (compressed ? RSV1 : 0) | (unsigned)opcode);
    if (payload_len < LENGTH_IN_2) {
        out[1] = (unsigned char)payload_len;
        return 2;
    }
    size_t width = payload_len <= UINT16_MAX ? 2 : 8;
    out[1] = width == 2 ? LENGTH_IN_2 : LENGTH_IN_8;
    write_big_endian(out + 2, width, payload_len);
    return 2 + width;
}

static bool is_known(unsigned opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

// Checks the first two bytes of a client's frame (RFC 6455, 5.2 and 5.5).
static bool is_beginning(unsigned char first, unsigned char second)
{
    unsigned opcode = first & OPCODE;
    bool whole_and_plain = (first & FINAL) && !(first & RSV1) && (second & LENGTH) < LENGTH_IN_2;

    return is_known(opcode) && !(first & RSV2_RSV3) && (second & MASKED) &&
           (opcode < WS_CLOSE || whole_and_plain);
}

static size_t length_width(unsigned char second)
{
    switch (second & LENGTH) {
    case LENGTH_IN_2:
        return 2;
    case LENGTH_IN_8:
        return 8;
    default:
        return 0;
    }
}

static bool is_shortest_form(size_t width, uint64_t n)
{
    if (width == 2)
        return n >= LENGTH_IN_2;
    return n > UINT16_MAX && n <= INT64_MAX;
}

enum ws_header_status ws_header_read(struct span bytes, struct ws_header *out, size_t *len)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;

    if (bytes.len < 2)
        return WS_HEADER_PARTIAL;
    if (!is_beginning(at[0], at[1]))
        return WS_HEADER_BAD;
    size_t width = length_width(at[1]);
    if (bytes.len < 2 + width)
        return WS_HEADER_PARTIAL;
    out->payload_len = width == 0 ? at[1] & LENGTH : read_big_endian(at + 2, width);
    if (width > 0 && !is_shortest_form(width, out->payload_len))
        return WS_HEADER_BAD;
    *len = 2 + width + MASK_LEN;
    if (bytes.len < *len)
        return WS_HEADER_PARTIAL;
    out->final = at[0] & FINAL;
    out->compressed = at[0] & RSV1;
    out->opcode = (enum ws_opcode)(at[0] & OPCODE);
    memcpy(out->mask, at + 2 + width, MASK_LEN);
    return WS_HEADER_WHOLE;
}
