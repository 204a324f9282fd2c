#include "edge/engineio/session.h"
#include "tests/echo_server/echoes.h"

static void on_open(struct eio_session *session, const struct http_request *request, void *arg)
{
    (void)request;
    (void)arg;
    eio_session_admit(session);
}

static struct frame *encode_message(enum frame_kind kind, struct span bytes)
{
    char *packet;

    if (kind == FRAME_BINARY)
        return frame_new(kind, bytes);
    struct frame *frame = frame_begin(kind, 1 + bytes.len, &packet);
    packet[0] = '4';
    if (bytes.len > 0)
        memcpy(packet + 1, bytes.ptr, bytes.len);
    frame_finish(frame, 1 + bytes.len);
    return frame;
}

static void on_message(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg)
{
    struct frame *frame = encode_message(kind, bytes);

    (void)arg;
    eio_session_send(session, frame);
    frame_unref(frame);
}

static void on_close(struct eio_session *session, enum eio_close_reason reason, void *arg)
{
    (void)session;
    (void)reason;
    (void)arg;
}

const struct eio_handlers engine_echo = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};
