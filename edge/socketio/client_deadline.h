// What a client is waited for. There is one deadline for each client, as it is waited for one thing
// at a time:
//
//     CONNECT      from its opening, or from its leaving the last namespace, until it is accepted
//     settling     from its first acceptance until the next turn, when its handshake is dropped
//     attachment   of a binary packet, until the next one comes
//
// For socketio's own files.
#pragma once

#include "common/deadlines.h"

struct sio_client;

// It opened.
void sio__client_await_connect(struct sio_client *client);
// A socket of it was accepted; the first time this also ends its time as a stranger.
void sio__client_on_accepted(struct sio_client *client);
// It has left its last namespace: until it connects again its time is limited as at the beginning.
void sio__client_on_last_left(struct sio_client *client);
// It is in the middle of a binary packet, whose next attachment is due.
void sio__client_await_attachment(struct sio_client *client);
// The last attachment came.
void sio__client_has_attachments(struct sio_client *client);

// Deadlines of clients.
void sio__client_on_connect_late(struct deadline *deadline, void *arg);
void sio__client_on_settled(struct deadline *deadline, void *arg);
