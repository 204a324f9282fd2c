// The receiving half of a client's WebSocket: bytes in as they come, whole messages and control
// frames out (RFC 6455, 5 and 6.2).
//
//     bytes ─▶ header ─▶ payload, unmasked in place ─▶ control frame ──────────────▶ event
//                                                  └─▶ fragments put together,
//                                                      expanded, checked as UTF-8 ─▶ event
//
// No I/O. A message that lies in the input in one piece is handed out where it lies; only one that
// comes in pieces is copied.
#pragma once

#include "common/buffer.h"
#include "edge/websocket/frame_header.h"
#include "edge/websocket/permessage_deflate.h"

#define WS_FRAGMENTS_MAX 16384 // of one message

// Zeroed at first. Embedded in a connection.
struct ws_receiver {
    bool compression; // was agreed on: RSV1 may be set
    // The rest is the receiver's own.
    bool in_payload; // of `frame`; else in the header
    bool in_message; // its first fragment has come
    bool message_compressed;
    bool failed;
    uint8_t head_len;
    enum ws_opcode kind;    // of the message
    uint32_t fragments;     // of the message
    uint64_t payload_taken; // of the frame
    struct ws_header frame; // under way
    struct buffer message;  // its pieces so far
    struct buffer control;  // a control frame's, when it came in pieces
    char head[WS_CLIENT_HEADER_MAX];
};

// Bytes that were received; they are changed.
struct ws_input {
    char *ptr;
    size_t len;
};

enum ws_event {
    WS_EVENT_NONE = 0, // all of the input was taken
    WS_EVENT_MESSAGE,  // `kind` and `bytes`
    WS_EVENT_PING,     // `bytes`
    WS_EVENT_PONG,     // `bytes`
    WS_EVENT_CLOSE,    // `code`, WS_CLOSE_NO_CODE if the client gave none. Feed it no more
    WS_EVENT_FAILED,   // the client broke a rule: close with `code`. Feed it no more
};

struct ws_received {
    enum ws_opcode kind; // WS_TEXT (valid UTF-8) or WS_BINARY
    struct span bytes;   // valid until the next call with this receiver or this inflater
    unsigned code;
};

// Takes bytes off the front of `input` until something is whole. A message may have `max_message`
// bytes, over all its fragments and once expanded; a longer one fails as soon as a header says so.
// `inflater` expands what is compressed; one serves many receivers.
NODISCARD enum ws_event ws_receiver_next(struct ws_receiver *receiver, size_t max_message,
                                         struct ws_inflater *inflater, struct ws_input *input,
                                         struct ws_received *out);
// Whether a message or a control frame has begun that is not whole yet.
bool ws_receiver_is_waiting(const struct ws_receiver *receiver);
// The bytes that it holds of that.
size_t ws_receiver_held(const struct ws_receiver *receiver);
// Frees what it holds of an unfinished message.
void ws_receiver_fini(struct ws_receiver *receiver);
