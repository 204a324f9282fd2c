#include "edge/socketio/acks.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/socketio/socketio_internal.h"

struct pending_ack {
    struct list entry;
    struct deadline deadline;
    struct sio_socket *socket;
    uint64_t id;
    sio_ack_fn on_answer;
    void *arg;
};

uint64_t sio__ack_expect(struct sio_socket *socket, sio_ack_fn on_answer, void *arg)
{
    struct pending_ack *ack = mem_alloc(sizeof(*ack));

    ack->socket = socket;
    ack->id = socket->next_ack_id++;
    ack->on_answer = on_answer;
    ack->arg = arg;
    list_append(&socket->acks, &ack->entry);
    socket->ack_count++;
    deadline_init(&ack->deadline);
    deadline_arm(&ack->deadline, &socket->client->server->answer_due);
    return ack->id;
}

// Calls the callback last, since it may emit another event with an ack.
static void finish(struct pending_ack *ack, enum sio_ack_result result,
                   const struct sio_event *answer)
{
    struct sio_socket *socket = ack->socket;
    sio_ack_fn on_answer = ack->on_answer;
    void *arg = ack->arg;

    list_unlink(&ack->entry);
    deadline_cancel(&ack->deadline);
    socket->ack_count--;
    free(ack);
    on_answer(socket, result, answer, arg);
}

void sio__ack_on_answer(struct sio_socket *socket, uint64_t id, const struct sio_event *answer)
{
    list_for_each (entry, &socket->acks) {
        struct pending_ack *ack = list_entry(entry, struct pending_ack, entry);
        if (ack->id == id) {
            finish(ack, SIO_ACK_ANSWERED, answer);
            return;
        }
    }
}

void sio__ack_cancel_all(struct sio_socket *socket)
{
    while (!list_empty(&socket->acks))
        finish(list_entry(socket->acks.next, struct pending_ack, entry), SIO_ACK_DISCONNECTED,
               NULL);
}

void sio__ack_on_late(struct deadline *deadline, void *arg)
{
    (void)arg;
    finish(container_of(deadline, struct pending_ack, deadline), SIO_ACK_TIMED_OUT, NULL);
}
