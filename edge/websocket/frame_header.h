// The header of a WebSocket frame (RFC 6455, 5.2): the server's is written, a client's is read.
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

// Writes the header of a whole message in one frame. Returns its length.
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

// Reads the header that `bytes` begin with, and how long it is. BAD: not masked, an unknown
// opcode, RSV2 or RSV3, a length that is negative or longer than it need be, or a control frame
// that is fragmented, compressed or over 125 bytes. Told as early as its bytes are there.
NODISCARD enum ws_header_status ws_header_read(struct span bytes, struct ws_header *out,
                                               size_t *len);
