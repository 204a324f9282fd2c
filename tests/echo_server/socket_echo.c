#include <stdlib.h>

#include "common/mem.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/socket.h"
#include "tests/echo_server/echoes.h"

#define GREETING_DELAY_MS 30

// The `auth` event that is still to be sent to a socket.
struct greeting {
    struct deadline deadline;
    struct sio_socket *socket;
    char *auth;
};

static void greeting_free(void *data)
{
    struct greeting *greeting = data;

    deadline_cancel(&greeting->deadline);
    free(greeting->auth);
    free(greeting);
}

static void on_greeting_due(struct deadline *deadline, void *arg)
{
    struct greeting *greeting = container_of(deadline, struct greeting, deadline);

    (void)arg;
    sio_socket_emit(greeting->socket, SPAN_LIT("auth"), span_of(greeting->auth));
    sio_socket_set_data(greeting->socket, NULL);
    greeting_free(greeting);
}

static void on_connect(struct sio_socket *socket, struct span auth, void *arg)
{
    struct socket_echo *echo = arg;
    struct greeting *greeting = mem_zalloc(sizeof(*greeting));

    greeting->socket = socket;
    greeting->auth = span_dup(auth.len > 0 ? auth : SPAN_LIT("{}"));
    deadline_init(&greeting->deadline);
    deadline_arm(&greeting->deadline, &echo->greetings);
    sio_socket_set_data(socket, greeting);
    sio_socket_accept(socket);
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

void socket_echo_init(struct socket_echo *echo, struct deadlines *clock)
{
    deadline_queue_init(&echo->greetings, clock, GREETING_DELAY_MS, on_greeting_due, echo);
}

void socket_echo_fini(struct socket_echo *echo)
{
    deadline_queue_fini(&echo->greetings);
}

struct sio_handlers socket_echo_handlers(struct socket_echo *echo)
{
    return (struct sio_handlers){
        .on_connect = on_connect, .on_event = on_event, .free_data = greeting_free, .arg = echo};
}
