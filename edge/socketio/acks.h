// Acks that the server waits for: clients' answers to events that it sent with an ack id.
#pragma once

#include <stdint.h>

#include "common/deadlines.h"

struct sio_event;
struct sio_socket;

// Whether the client answered, did not answer in time, or disconnected before.
enum sio_ack_result { SIO_ACK_ANSWERED = 0, SIO_ACK_TIMED_OUT, SIO_ACK_DISCONNECTED };

// `answer` has the arguments of the ACK packet, as an event without a name; NULL unless `result` is
// SIO_ACK_ANSWERED. Borrowed until return.
typedef void (*sio_ack_fn)(struct sio_socket *socket, enum sio_ack_result result,
                           const struct sio_event *answer, void *arg);

#define SIO_ACKS_MAX 64

// ---- for socketio's own files

// Returns the ack id for an event of the server. Calls `on_answer` once: for the answer, the time
// limit or the end of the socket, whichever comes first.
uint64_t sio__ack_expect(struct sio_socket *socket, sio_ack_fn on_answer, void *arg);
// Handles an ACK packet of the client. Ignores an unknown id: its time limit may have passed.
void sio__ack_on_answer(struct sio_socket *socket, uint64_t id, const struct sio_event *answer);
// Calls every pending `on_answer` with SIO_ACK_DISCONNECTED.
void sio__ack_cancel_all(struct sio_socket *socket);
// The deadline of one ack.
void sio__ack_on_late(struct deadline *deadline, void *arg);
