// permessage-deflate (RFC 7692) without context takeover on either side: each message is
// compressed by itself.
//
// So a frame is compressed once for all clients that get it, and one compressor and one expander
// serve all connections of an edge: compression costs no memory for each connection.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

#define WS_WINDOW_BITS_MIN 9 // zlib writes no smaller window
#define WS_WINDOW_BITS_MAX 15

// Accepts the first offer in a Sec-WebSocket-Extensions header (RFC 7692, 7.1) that a server with
// this window can fulfil, and appends the value of the response's header to `answer`. Skips an
// offer with an unknown, repeated or malformed parameter, and one that asks for a smaller window.
// False if no offer is accepted.
NODISCARD bool ws_deflate_accept(struct span offers, unsigned window_bits, struct buffer *answer);

// Compresses messages, one after another. Its memory (up to 270 KB) is allocated with the first.
struct ws_deflater;
NODISCARD struct ws_deflater *ws_deflater_new(unsigned window_bits);
void ws_deflater_free(struct ws_deflater *deflater);

// The payload of a compressed frame. Valid until the next call.
struct span ws_deflate(struct ws_deflater *deflater, struct span message);

// Expands messages. Its memory (about 50 KB, and the largest message) is allocated with the first.
struct ws_inflater;
NODISCARD struct ws_inflater *ws_inflater_new(void);
void ws_inflater_free(struct ws_inflater *inflater);

enum ws_inflate_status { WS_INFLATED = 0, WS_INFLATE_TOO_BIG, WS_INFLATE_BROKEN };

// Expands a message's payload into at most `max` bytes, valid until the next call.
NODISCARD enum ws_inflate_status ws_inflate(struct ws_inflater *inflater, struct span payload,
                                            size_t max, struct span *message);
