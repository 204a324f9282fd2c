#include "tests/echo_server/echoes.h"

static void on_connect(struct sio_socket *socket, struct span auth, void *arg)
{
    (void)arg;
    sio_socket_accept(socket);
    sio_socket_emit(socket, SPAN_LIT("auth"), auth.len > 0 ? auth : SPAN_LIT("{}"));
}

static void send_back(struct sio_socket *socket, const struct sio_event *event)
{
    sio_socket_emit_binary(socket, SPAN_LIT("message-back"), event->args, event->attachments,
                           event->attachment_count);
}

static void acknowledge(struct sio_socket *socket, const struct sio_event *event)
{
    sio_socket_ack_binary(socket, event->ack_id, event->args, event->attachments,
                          event->attachment_count);
}

static void on_answer(struct sio_socket *socket, enum sio_ack_result result,
                      const struct sio_event *answer, void *arg)
{
    (void)arg;
    if (result == SIO_ACK_ANSWERED)
        sio_socket_emit_binary(socket, SPAN_LIT("answer"), answer->args, answer->attachments,
                               answer->attachment_count);
    else
        sio_socket_emit(socket, SPAN_LIT("no-answer"), (struct span){0});
}

static void ask_back(struct sio_socket *socket, const struct sio_event *event)
{
    if (!sio_socket_emit_with_ack(socket, SPAN_LIT("question"), event->args, on_answer, NULL))
        sio_socket_emit(socket, SPAN_LIT("no-answer"), (struct span){0});
}

static void disconnect(struct sio_socket *socket, const struct sio_event *event)
{
    (void)event;
    sio_socket_disconnect(socket);
}

static void close_transport(struct sio_socket *socket, const struct sio_event *event)
{
    (void)event;
    sio_socket_close_transport(socket, EIO_FORCED_CLOSE);
}

static void on_event(struct sio_socket *socket, const struct sio_event *event, void *arg)
{
    static const struct {
        const char *name;
        void (*handle)(struct sio_socket *socket, const struct sio_event *event);
    } table[] = {
        {"message", send_back},        {"message-with-ack", acknowledge}, {"ask-me-back", ask_back},
        {"disconnect-me", disconnect}, {"close-me", close_transport},
    };

    (void)arg;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (span_is(event->name, table[i].name))
            table[i].handle(socket, event);
}

const struct sio_handlers socket_echo = {on_connect, on_event, NULL, NULL};
