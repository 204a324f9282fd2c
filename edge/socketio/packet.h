// Socket.IO packets (protocol revision 5).
//
//     <type>[<attachments>-][<namespace>,][<ack id>][<json>]
//
// Decoding does not copy: all spans point into the input and are valid as long as it is. The JSON
// is checked (see json_check.h) but not converted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"
#include "edge/engineio/frame.h"

enum sio_type {
    SIO_CONNECT = 0,
    SIO_DISCONNECT,
    SIO_EVENT,
    SIO_ACK,
    SIO_CONNECT_ERROR,
    SIO_BINARY_EVENT,
    SIO_BINARY_ACK,
};

struct sio_packet {
    enum sio_type type;
    uint32_t attachments;  // number of binary messages that follow this one
    struct span nsp;       // "/" if absent; for CONNECT without the query
    struct span nsp_query; // for CONNECT: the text behind '?', which Engine.IO 3 clients may send
    bool has_ack;
    uint64_t ack_id;
    struct span json;  // the whole payload; empty if absent
    struct span name;  // of an event: the first element without quotes, escapes not resolved
    bool name_escaped; // `name` has escapes, which json_string_decode() resolves
    struct span args;  // the elements of an ack, or those of an event after its name
    uint32_t arg_count;
};

enum sio_status {
    SIO_OK = 0,
    SIO_BAD_TYPE,
    SIO_BAD_ATTACHMENTS, // the number is not 1 … SIO_ATTACHMENTS_MAX, or has no dash behind it
    SIO_BAD_NAMESPACE,   // longer than SIO_NAMESPACE_MAX
    SIO_BAD_ACK_ID,      // above 2^53-1: ids are JavaScript numbers
    SIO_BAD_JSON,
    SIO_BAD_PAYLOAD,     // a JSON type that this type of packet does not take
    SIO_BAD_PLACEHOLDER, // a placeholder names an attachment that does not exist
    SIO_RESERVED_EVENT,  // "connect", "disconnect" and others must not be sent
    SIO_TOO_MANY_ARGS,
};

#define SIO_ATTACHMENTS_MAX 10
#define SIO_NAMESPACE_MAX   1024 // bytes, with the query
#define SIO_ARGS_MAX        64
#define SIO_JSON_DEPTH_MAX  64

NODISCARD enum sio_status sio_packet_decode(struct span in, struct sio_packet *out);
// The same in two steps: the first decodes what precedes the JSON, which is cheap; the second
// checks the JSON.
NODISCARD enum sio_status sio_packet_decode_prefix(struct span in, struct sio_packet *out);
NODISCARD enum sio_status sio_packet_decode_payload(struct sio_packet *out);
const char *sio_status_str(enum sio_status status);

// The encoders return a new text frame: Engine.IO's "4" and the packet. The caller owns the only
// reference. `json` and `args` must be well-formed; `args` are JSON values with commas between
// them; `name` is plain text. The namespace "/" is left out on the wire.
NODISCARD struct frame *sio_encode_connect(struct span nsp, struct span json);
NODISCARD struct frame *sio_encode_connect_error(struct span nsp, struct span json);
NODISCARD struct frame *sio_encode_disconnect(struct span nsp);
// `offset` becomes the last argument. It is a text without characters to be escaped; empty: none.
NODISCARD struct frame *sio_encode_event_at(struct span nsp, struct span name, struct span args,
                                            struct span offset);
// An event with an ack id (NULL: none) and with binary attachments for the placeholders in `args`,
// at most SIO_ATTACHMENTS_MAX. Copies the attachments; their frames follow the returned one.
NODISCARD struct frame *sio_encode_event_with(struct span nsp, struct span name, struct span args,
                                              const uint64_t *ack_id,
                                              const struct span *attachments, uint32_t count);
NODISCARD struct frame *sio_encode_ack(struct span nsp, uint64_t ack_id, struct span args,
                                       const struct span *attachments, uint32_t count);
