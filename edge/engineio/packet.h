// Engine.IO packets, one at a time: a type digit and data as text, or a binary message.
//
//                        revision 4            revision 3
//     text               4hello                4hello
//     binary, WebSocket  the bare bytes        0x04 and the bytes
//     binary as text     bAQIDBA==             b4AQIDBA==
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "edge/engineio/frame.h"

enum eio_packet_type {
    EIO_OPEN = 0,
    EIO_CLOSE,
    EIO_PING,
    EIO_PONG,
    EIO_MESSAGE,
    EIO_UPGRADE,
    EIO_NOOP,
};

struct eio_packet {
    enum eio_packet_type type;
    enum frame_kind kind; // of a message's data
    struct span data;     // in the input, or in the scratch buffer after base64
};

// Decodes one packet of Engine.IO revision `version` (3 or 4). False when the bytes are no packet.
// Base64 is decoded into `scratch`; `out->data` then points there, until `scratch` is used again.
NODISCARD bool eio_packet_decode(unsigned version, enum frame_kind kind, struct span bytes,
                                 struct buffer *scratch, struct eio_packet *out);

// Appends a binary message as a text packet, in base64.
void eio_packet_append_base64(unsigned version, struct span message, struct buffer *out);

// A frame for one WebSocket that cannot take a binary frame as it is: revision 3 wants the type
// before the bytes, and a client without binary support wants text. The caller owns it.
NODISCARD struct frame *eio_packet_reframe(unsigned version, bool as_text,
                                           const struct frame *binary);
