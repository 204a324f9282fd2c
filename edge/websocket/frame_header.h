// The header of a WebSocket frame (RFC 6455, 5.2): writes the server's, reads a client's.
//
//      0               1               2 …                       … up to 14
//     |F|R1 R2 R3|op  |M| length      | longer length | mask    | payload …
//
// A server's frames are never masked, a client's always are.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

// Why a WebSocket is closed (RFC 6455, 7.4.1).
enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_NO_CODE = 1005, // never on the wire: a close frame without a payload
    WS_CLOSE_NOT_TEXT = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_TRY_LATER = 1013,
};

#define WS_SERVER_HEADER_MAX 10
#define WS_CLIENT_HEADER_MAX 14
#define WS_CONTROL_MAX       125 // bytes of a control frame's payload (RFC 6455, 5.5)

// Writes the header of a frame that holds a whole message. Returns the header's length.
size_t ws_header_write(unsigned char out[WS_SERVER_HEADER_MAX], enum ws_opcode opcode,
                       bool compressed, uint64_t payload_len);

struct ws_header {
    enum ws_opcode opcode;
    bool final;
    bool compressed; // RSV1 (RFC 7692, 6)
    unsigned char mask[4];
    uint64_t payload_len;
};

static inline bool ws_is_control(enum ws_opcode opcode)
{
    return opcode >= WS_CLOSE;
}

enum ws_header_status { WS_HEADER_WHOLE = 0, WS_HEADER_PARTIAL, WS_HEADER_BAD };

// Reads the header at the start of `bytes`; `len` is the header's length. PARTIAL: call again with
// more bytes. BAD, as soon as the bytes at fault are there: not masked, an unknown opcode, RSV2 or
// RSV3 set, a length that has its top bit set or is not in the shortest form, or a control frame
// that is fragmented, compressed or over 125 bytes.
NODISCARD enum ws_header_status ws_header_read(struct span bytes, struct ws_header *out,
                                               size_t *len);
