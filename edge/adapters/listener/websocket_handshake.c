#include "edge/adapters/listener/websocket_handshake.h"

#include "edge/http/request_head.h"
#include "edge/websocket/permessage_deflate.h"

static bool agree_on_compression(const struct http_request *request,
                                 const struct eio_compression *compression, struct buffer *out)
{
    struct span offers = http_request_header(request, "Sec-WebSocket-Extensions");
    struct buffer answer = {0};
    bool agreed =
        compression->enabled && ws_deflate_accept(offers, compression->window_bits, &answer);

    if (agreed)
        buffer_printf(out, "Sec-WebSocket-Extensions: %s\r\n", answer.ptr);
    buffer_fini(&answer);
    return agreed;
}

bool websocket_handshake_reply(const struct http_request *request, struct span accept,
                               const struct eio_compression *compression, struct buffer *reply)
{
    struct span subprotocol = http_first_subprotocol(request);

    buffer_append(reply, SPAN_LIT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Accept: "));
    buffer_append(reply, accept);
    buffer_append(reply, SPAN_LIT("\r\n"));
    if (subprotocol.len > 0)
        buffer_printf(reply, "Sec-WebSocket-Protocol: " SPAN_FMT "\r\n", SPAN_ARG(subprotocol));
    bool compresses = agree_on_compression(request, compression, reply);
    buffer_append(reply, SPAN_LIT("\r\n"));
    return compresses;
}
