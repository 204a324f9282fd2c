// The first byte says whether compression was agreed on and in what pieces the rest comes; what a
// client is understood to say must not depend on the pieces.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "edge/websocket/receiver.h"

#define MAX_MESSAGE 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum ws_event event, const struct ws_received *received)
{
    switch (event) {
    case WS_EVENT_MESSAGE:
        assert(received->bytes.len <= MAX_MESSAGE);
        assert(received->kind == WS_TEXT || received->kind == WS_BINARY);
        assert(received->kind == WS_BINARY || utf8_valid(received->bytes));
        break;
    case WS_EVENT_PING:
    case WS_EVENT_PONG:
        assert(received->bytes.len <= WS_CONTROL_MAX);
        break;
    case WS_EVENT_CLOSE:
    case WS_EVENT_FAILED:
        assert(received->code >= 1000 && received->code <= 4999);
        break;
    case WS_EVENT_NONE:
        break;
    }
}

static void note(struct buffer *heard, enum ws_event event, const struct ws_received *received)
{
    buffer_printf(heard, "%d ", (int)event);
    if (event == WS_EVENT_CLOSE || event == WS_EVENT_FAILED) {
        buffer_printf(heard, "%u;", received->code);
    } else {
        buffer_printf(heard, "%d %zu ", event == WS_EVENT_MESSAGE ? (int)received->kind : 0,
                      received->bytes.len);
        buffer_append(heard, received->bytes);
    }
}

// False when the client is not to be listened to any more.
static bool receive(struct ws_receiver *receiver, struct ws_inflater *inflater, struct span piece,
                    struct buffer *heard)
{
    char *copy = malloc(piece.len + 1); // exact but for one byte: AddressSanitizer sees the rest
    struct ws_input input = {copy, piece.len};
    struct ws_received received = {.code = 0};
    enum ws_event event;

    assert(copy);
    memcpy(copy, piece.ptr, piece.len);
    while ((event = ws_receiver_next(receiver, MAX_MESSAGE, inflater, &input, &received)) !=
           WS_EVENT_NONE) {
        check(event, &received);
        note(heard, event, &received);
        if (event == WS_EVENT_CLOSE || event == WS_EVENT_FAILED)
            break;
    }
    assert(event != WS_EVENT_NONE || input.len == 0);
    assert(receiver->message.len <= MAX_MESSAGE && receiver->control.len <= WS_CONTROL_MAX);
    free(copy);
    return event == WS_EVENT_NONE;
}

static void receive_in_pieces(struct span bytes, size_t step, bool compression,
                              struct buffer *heard)
{
    struct ws_receiver receiver = {.compression = compression};
    struct ws_inflater *inflater = ws_inflater_new();

    while (bytes.len > 0) {
        size_t len = bytes.len < step ? bytes.len : step;
        if (!receive(&receiver, inflater, (struct span){bytes.ptr, len}, heard))
            break;
        bytes = span_skip(bytes, len);
    }
    ws_receiver_fini(&receiver);
    ws_inflater_free(inflater);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole = {0}, pieces = {0};

    if (size < 2)
        return 0;
    bool compression = data[0] & 1;
    size_t step = 1 + (data[0] >> 1) % 37;
    struct span bytes = {(const char *)data + 1, size - 1};

    receive_in_pieces(bytes, bytes.len, compression, &whole);
    receive_in_pieces(bytes, step, compression, &pieces);
    assert(span_eq(buffer_span(&whole), buffer_span(&pieces)));
    buffer_fini(&whole);
    buffer_fini(&pieces);
    return 0;
}
