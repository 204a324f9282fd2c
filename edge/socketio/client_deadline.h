// The deadline of a client. A client has only one, because the server waits for one thing at a
// time:
//
//     CONNECT      from the opening, or from leaving the last namespace, until one is accepted
//     settling     from the first accepted CONNECT until the next turn: the handshake is dropped
//     attachment   from one part of a binary packet until the next attachment
//
// For socketio's own files.
#pragma once

#include "common/deadlines.h"

struct sio_client;

// Call when the client was opened: starts the connect timeout.
void sio__client_await_connect(struct sio_client *client);
// Call when a socket of the client was accepted. The first time this also admits the session, which
// gives it the rate limits of admitted clients.
void sio__client_on_accepted(struct sio_client *client);
// Call when the client has left its last namespace: starts the connect timeout again.
void sio__client_on_last_left(struct sio_client *client);
// Call for each part of a binary packet that another attachment must follow.
void sio__client_await_attachment(struct sio_client *client);
// Call when the last attachment has come.
void sio__client_has_attachments(struct sio_client *client);

// Called when the deadline is over: the connect timeout; the end of settling.
void sio__client_on_connect_late(struct deadline *deadline, void *arg);
void sio__client_on_settled(struct deadline *deadline, void *arg);
