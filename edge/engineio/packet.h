// Engine.IO packets as text: a type digit and data, or 'b' and a binary message in base64.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "edge/engineio/frame.h"
#include "edge/engineio/outbox.h"

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

// Decodes one packet of text, Engine.IO 4. False when it is none. `scratch` holds the bytes of a
// binary message until it is next used.
NODISCARD bool eio4_packet_decode(struct span text, struct buffer *scratch, struct eio_packet *out);

// Long-polling joins packets with this byte (Engine.IO 4, "Payload encoding").
#define EIO4_SEPARATOR '\x1e'

// Appends all frames that wait in `outbox` as one payload. Binary messages become base64.
void eio4_payload_encode(const struct outbox *outbox, struct buffer *out);
