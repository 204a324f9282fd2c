// Socket.IO packets (protocol revision 5).
//
//     <type>[<attachments>-][<namespace>,][<ack id>][<json>]
//
// Decoding borrows: every span points into the input and lives as long as it does. The JSON is
// checked (see json_check.h) but not converted.
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
    uint32_t attachments;  // binary messages that follow this one
    struct span nsp;       // "/" when absent; of CONNECT without its query
    struct span nsp_query; // of CONNECT: behind '?', which Engine.IO 3 clients may send
    bool has_ack;
    uint64_t ack_id;
    struct span json;  // the whole payload; empty when absent
    struct span name;  // of events: the first element without its quotes, escapes not resolved
    bool name_escaped; // it holds a backslash (json_string_decode resolves it)
    struct span args;  // of events and acks: the (further) elements, commas between them
    uint32_t arg_count;
};

enum sio_status {
    SIO_OK = 0,
    SIO_BAD_TYPE,
    SIO_BAD_ATTACHMENTS, // not 1 … SIO_ATTACHMENTS_MAX, or no dash
    SIO_BAD_NAMESPACE,   // longer than SIO_NAMESPACE_MAX
    SIO_BAD_ACK_ID,      // over 2^53-1: ids are JavaScript numbers
    SIO_BAD_JSON,
    SIO_BAD_PAYLOAD,     // not what this type of packet carries
    SIO_BAD_PLACEHOLDER, // one that names no attachment
    SIO_RESERVED_EVENT,  // "connect", "disconnect", … may not be sent
    SIO_TOO_MANY_ARGS,
};

#define SIO_ATTACHMENTS_MAX 10
#define SIO_NAMESPACE_MAX   1024 // bytes, with the query
#define SIO_ARGS_MAX        64
#define SIO_JSON_DEPTH_MAX  64

NODISCARD enum sio_status sio_packet_decode(struct span in, struct sio_packet *out);
// The same in two steps. The first looks at what stands before the JSON, which costs next to
// nothing; the second at the JSON.
NODISCARD enum sio_status sio_packet_decode_prefix(struct span in, struct sio_packet *out);
NODISCARD enum sio_status sio_packet_decode_payload(struct sio_packet *out);
const char *sio_status_str(enum sio_status status);

// Each returns a new text frame ("4" and the packet) of which the caller owns the one reference.
// `json` and `args` are well-formed; `args` are JSON values with commas between them. `name` is
// plain text. `nsp` "/" is left out on the wire.
NODISCARD struct frame *sio_encode_connect(struct span nsp, struct span json);
NODISCARD struct frame *sio_encode_connect_error(struct span nsp, struct span json);
NODISCARD struct frame *sio_encode_disconnect(struct span nsp);
// `offset` stands behind the arguments, and is a text without characters to be escaped; empty:
// none.
NODISCARD struct frame *sio_encode_event_at(struct span nsp, struct span name, struct span args,
                                            struct span offset);
// An event with an ack id of the server's own (NULL: none), and binary attachments for the
// placeholders in `args`, at most SIO_ATTACHMENTS_MAX. They are copied and follow the frame.
NODISCARD struct frame *sio_encode_event_with(struct span nsp, struct span name, struct span args,
                                              const uint64_t *ack_id,
                                              const struct span *attachments, uint32_t count);
NODISCARD struct frame *sio_encode_ack(struct span nsp, uint64_t ack_id, struct span args,
                                       const struct span *attachments, uint32_t count);
