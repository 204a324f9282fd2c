// Events of the server's own that ask for an ack: their answers, or that none came.
#pragma once

#include <stdint.h>

#include "common/deadlines.h"

struct sio_event;
struct sio_socket;

// How an event of the server's own that asked for an answer ended.
enum sio_ack_result { SIO_ACK_ANSWERED = 0, SIO_ACK_TIMED_OUT, SIO_ACK_DISCONNECTED };

// `answer` is an event without a name; NULL unless it was answered. Borrowed until return.
typedef void (*sio_ack_fn)(struct sio_socket *socket, enum sio_ack_result result,
                           const struct sio_event *answer, void *arg);

#define SIO_ACKS_MAX 64

// ---- for socketio's own files

// The id for an event that asks for an answer. `on_answer` is called once, whatever comes first:
// the answer, the time limit, or the socket's end.
uint64_t sio__ack_expect(struct sio_socket *socket, sio_ack_fn on_answer, void *arg);
// The client's ACK packet. An id that nothing waits for is ignored: its time may be over.
void sio__ack_on_answer(struct sio_socket *socket, uint64_t id, const struct sio_event *answer);
void sio__ack_cancel_all(struct sio_socket *socket);
// A deadline, of one ack.
void sio__ack_on_late(struct deadline *deadline, void *arg);
