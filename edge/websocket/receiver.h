// The receiving half of a client's WebSocket: bytes in as they come, whole messages and control
// frames out (RFC 6455, 5 and 6.2).
//
//     bytes ─▶ header ─▶ payload, unmasked in place ─▶ control frame ──────────────▶ event
//                                                  └─▶ fragments put together,
//                                                      expanded, checked as UTF-8 ─▶ event
//
// No I/O. A message that is whole in the input is handed out where it lies; only a message that
// comes in pieces is copied.
#pragma once

#include "common/buffer.h"
#include "edge/websocket/frame_header.h"
#include "edge/websocket/permessage_deflate.h"

#define WS_FRAGMENTS_MAX 16384 // of one message

// A zeroed struct is a receiver that has read nothing. Embedded in a connection.
struct ws_receiver {
    bool compression; // was agreed on: RSV1 may be set
    // The rest is the receiver's own.
    bool in_payload; // reads the payload of `frame`; otherwise a header
    bool in_message; // the first fragment of a message has begun, the last one has not ended
    bool message_compressed;
    bool failed;
    uint8_t head_len;
    enum ws_opcode kind;             // of the message
    uint32_t fragments;              // of the message
    uint64_t payload_taken;          // bytes of the frame's payload that were read
    struct ws_header frame;          // the frame that is being read
    struct buffer message;           // the pieces of the message so far
    struct buffer control;           // the pieces of a control frame so far
    char head[WS_CLIENT_HEADER_MAX]; // `head_len` bytes of a header that is not whole yet
};

// Received bytes. The receiver unmasks them in place.
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

// Takes bytes off the front of `input` until there is an event. A message may have `max_message`
// bytes, over all its fragments and also once it is expanded; a longer one fails as soon as a
// header announces it. `inflater` expands compressed messages; one inflater serves many receivers.
NODISCARD enum ws_event ws_receiver_next(struct ws_receiver *receiver, size_t max_message,
                                         struct ws_inflater *inflater, struct ws_input *input,
                                         struct ws_received *out);
// True if a message or a control frame has begun and is not whole yet.
bool ws_receiver_is_waiting(const struct ws_receiver *receiver);
// The memory in bytes that the receiver holds for it.
size_t ws_receiver_held(const struct ws_receiver *receiver);
// Drops an unfinished message or control frame.
void ws_receiver_fini(struct ws_receiver *receiver);
