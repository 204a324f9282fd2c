#include "edge/websocket/receiver.h"

#include <string.h>

#include "common/utf8.h"

static enum ws_event fail(struct ws_receiver *receiver, unsigned code, struct ws_received *out)
{
    receiver->failed = true;
    out->code = code;
    return WS_EVENT_FAILED;
}

// ---- headers

// Reads a header, which may come in pieces, from a copy of as many bytes as a header can have. Of
// these only the header's own are taken off the input.
static enum ws_header_status take_header(struct ws_receiver *receiver, struct ws_input *input)
{
    size_t room = sizeof(receiver->head) - receiver->head_len, len;
    size_t more = input->len < room ? input->len : room;

    memcpy(receiver->head + receiver->head_len, input->ptr, more);
    struct span head = {receiver->head, receiver->head_len + more};
    enum ws_header_status status = ws_header_read(head, &receiver->frame, &len);
    size_t taken = status == WS_HEADER_WHOLE ? len - receiver->head_len : more;

    input->ptr += taken;
    input->len -= taken;
    receiver->head_len = status == WS_HEADER_WHOLE ? 0 : (uint8_t)head.len;
    return status;
}

// RFC 6455, 5.4: a continuation needs a message that has begun; another data frame must not come
// within a message. RSV1 is for the first frame of a message only (RFC 7692, 6).
static bool is_in_order(const struct ws_receiver *receiver)
{
    const struct ws_header *frame = &receiver->frame;

    if (frame->compressed && (!receiver->compression || frame->opcode == WS_CONTINUATION))
        return false;
    return ws_is_control(frame->opcode) ||
           receiver->in_message == (frame->opcode == WS_CONTINUATION);
}

static void begin_frame(struct ws_receiver *receiver)
{
    const struct ws_header *frame = &receiver->frame;

    receiver->in_payload = true;
    receiver->payload_taken = 0;
    if (ws_is_control(frame->opcode))
        return;
    receiver->fragments++;
    if (receiver->in_message)
        return;
    receiver->in_message = true;
    receiver->kind = frame->opcode;
    receiver->message_compressed = frame->compressed;
}

static bool is_too_big(const struct ws_receiver *receiver, size_t max_message)
{
    return !ws_is_control(receiver->frame.opcode) &&
           (receiver->fragments > WS_FRAGMENTS_MAX || receiver->frame.payload_len > max_message ||
            receiver->message.len + receiver->frame.payload_len > max_message);
}

// ---- payloads

// Unmasks eight bytes at a time. `at` is the offset of the piece in the frame's payload, which
// decides with which byte of the mask it begins.
static void unmask(char *bytes, size_t len, const unsigned char mask[4], uint64_t at)
{
    unsigned char turned[8];
    uint64_t pattern, word;
    size_t i = 0;

    for (size_t k = 0; k < sizeof(turned); k++)
        turned[k] = mask[(at + k) % 4];
    memcpy(&pattern, turned, sizeof(pattern));
    for (; i + sizeof(word) <= len; i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        word ^= pattern;
        memcpy(bytes + i, &word, sizeof(word));
    }
    for (; i < len; i++)
        bytes[i] = (char)((unsigned char)bytes[i] ^ turned[i % 4]);
}

static struct span take_payload(struct ws_receiver *receiver, struct ws_input *input)
{
    const struct ws_header *frame = &receiver->frame;
    uint64_t left = frame->payload_len - receiver->payload_taken;
    struct span piece = {input->ptr, input->len < left ? input->len : (size_t)left};

    unmask(input->ptr, piece.len, frame->mask, receiver->payload_taken);
    receiver->payload_taken += piece.len;
    input->ptr += piece.len;
    input->len -= piece.len;
    return piece;
}

// The payload that `piece` completes. A payload that came in one piece is not copied.
static struct span join(struct buffer *pieces, struct span piece)
{
    if (pieces->len == 0)
        return piece;
    buffer_append(pieces, piece);
    return buffer_span(pieces);
}

// ---- what is whole

// The codes that a close frame may carry: those of RFC 6455, 7.4, and 1012 to 1014, which IANA
// registered later.
static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum ws_event finish_close(struct ws_receiver *receiver, struct span payload,
                                  struct ws_received *out)
{
    const unsigned char *at = (const unsigned char *)payload.ptr;

    out->code = payload.len >= 2 ? (unsigned)at[0] << 8 | at[1] : WS_CLOSE_NO_CODE;
    if (payload.len == 1 || (payload.len >= 2 && !is_close_code(out->code)))
        return fail(receiver, WS_CLOSE_PROTOCOL, out);
    if (payload.len > 2 && !utf8_valid(span_skip(payload, 2)))
        return fail(receiver, WS_CLOSE_NOT_TEXT, out);
    return WS_EVENT_CLOSE;
}

static enum ws_event finish_control(struct ws_receiver *receiver, struct span payload,
                                    struct ws_received *out)
{
    out->bytes = payload;
    switch (receiver->frame.opcode) {
    case WS_PING:
        return WS_EVENT_PING;
    case WS_PONG:
        return WS_EVENT_PONG;
    default:
        return finish_close(receiver, payload, out);
    }
}

static enum ws_event finish_message(struct ws_receiver *receiver, size_t max_message,
                                    struct ws_inflater *inflater, struct span message,
                                    struct ws_received *out)
{
    receiver->in_message = false;
    receiver->fragments = 0;
    out->kind = receiver->kind;
    out->bytes = message;
    if (receiver->message_compressed) {
        switch (ws_inflate(inflater, message, max_message, &out->bytes)) {
        case WS_INFLATED:
            break;
        case WS_INFLATE_TOO_BIG:
            return fail(receiver, WS_CLOSE_TOO_BIG, out);
        case WS_INFLATE_BROKEN:
            return fail(receiver, WS_CLOSE_NOT_TEXT, out);
        }
    }
    if (out->kind == WS_TEXT && !utf8_valid(out->bytes))
        return fail(receiver, WS_CLOSE_NOT_TEXT, out);
    return WS_EVENT_MESSAGE;
}

// Frees the bytes that the last event was handed out from.
static void free_delivered(struct ws_receiver *receiver)
{
    if (!receiver->in_message)
        buffer_fini(&receiver->message);
    if (!receiver->in_payload)
        buffer_fini(&receiver->control);
}

// Each pass reads a header, unless the last call ended within a payload, and then as much of the
// payload as there is. A control frame may come between the fragments of a message, so its pieces
// are kept apart from those of the message.
enum ws_event ws_receiver_next(struct ws_receiver *receiver, size_t max_message,
                               struct ws_inflater *inflater, struct ws_input *input,
                               struct ws_received *out)
{
    free_delivered(receiver);
    if (receiver->failed)
        return WS_EVENT_NONE;
    for (;;) {
        if (!receiver->in_payload) {
            enum ws_header_status status = take_header(receiver, input);
            if (status == WS_HEADER_PARTIAL)
                return WS_EVENT_NONE;
            if (status == WS_HEADER_BAD || !is_in_order(receiver))
                return fail(receiver, WS_CLOSE_PROTOCOL, out);
            begin_frame(receiver);
            if (is_too_big(receiver, max_message))
                return fail(receiver, WS_CLOSE_TOO_BIG, out);
        }
        bool control = ws_is_control(receiver->frame.opcode);
        struct buffer *pieces = control ? &receiver->control : &receiver->message;
        struct span piece = take_payload(receiver, input);

        receiver->in_payload = receiver->payload_taken < receiver->frame.payload_len;
        if (receiver->in_payload || !receiver->frame.final) {
            buffer_append(pieces, piece);
            if (receiver->in_payload)
                return WS_EVENT_NONE;
        } else if (control) {
            return finish_control(receiver, join(pieces, piece), out);
        } else {
            return finish_message(receiver, max_message, inflater, join(pieces, piece), out);
        }
    }
}

bool ws_receiver_is_waiting(const struct ws_receiver *receiver)
{
    return receiver->in_message || receiver->in_payload;
}

size_t ws_receiver_held(const struct ws_receiver *receiver)
{
    return receiver->message.cap + receiver->control.cap;
}

void ws_receiver_fini(struct ws_receiver *receiver)
{
    buffer_fini(&receiver->message);
    buffer_fini(&receiver->control);
}
