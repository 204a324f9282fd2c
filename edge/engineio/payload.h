// Payloads: several packets in the body of one HTTP request or reply.
//
//     revision 4          4hello 0x1e 4world
//     revision 3, text    6:4hello6:4world           lengths in UTF-16 units
//     revision 3, binary  0x00 6 0xff 4hello …       lengths in bytes, one decimal digit a byte;
//                         0x01 5 0xff 0x04 …         0x00 begins text, 0x01 a binary packet
#pragma once

#include "edge/engineio/outbox.h"
#include "edge/engineio/packet.h"

enum eio_payload_form { PAYLOAD_V4 = 0, PAYLOAD_V3_TEXT, PAYLOAD_V3_BINARY };

// Takes the next packet off `rest`. PAYLOAD_END when nothing is left. `scratch` as for
// eio_packet_decode().
enum eio_payload_status { PAYLOAD_PACKET, PAYLOAD_END, PAYLOAD_MALFORMED };
NODISCARD enum eio_payload_status eio_payload_take(enum eio_payload_form form, struct span *rest,
                                                   struct buffer *scratch, struct eio_packet *out);

// Limits of one reply. The Python client refuses a payload of more packets; the limit of bytes
// keeps a full outbox from being sent in one reply. A packet above that limit goes alone.
#define EIO_PAYLOAD_PACKETS_MAX 16
#define EIO_PAYLOAD_BYTES_MAX   ((size_t)256 * 1024)

// Appends the first frames of `outbox`, as many as one payload may have, and behind them the text
// packet `last` unless it is NULL. Returns how many frames it encoded; they stay in the outbox.
NODISCARD uint32_t eio_payload_encode(enum eio_payload_form form, const struct outbox *outbox,
                                      const char *last, struct buffer *out);

// JSONP (query parameter `j`). The reply wraps a payload into a call of ___eio[j]; only the digits
// of `j` are echoed. A POST brings the payload as the form field `d`, newlines escaped; false when
// there is none.
void eio_jsonp_wrap(struct span j, struct span payload, struct buffer *out);
NODISCARD bool eio_jsonp_unwrap(struct span form, struct buffer *payload);
