// What a client's packets do. For socketio's own files.
#pragma once

#include "common/deadlines.h"
#include "edge/engineio/options.h"

struct sio_client;
struct sio_server;
struct sio_socket;

// A session opened: makes its client. `request` is that of the handshake, borrowed.
void sio__client_open(struct sio_server *server, struct eio_session *session,
                      const struct http_request *request);
// A message, borrowed. One that is malformed or out of place ends the client with EIO_PARSE_ERROR.
void sio__client_on_message(struct sio_client *client, enum frame_kind kind, struct span bytes);
// A message above a rate limit: it is answered with an error if it asks for an answer.
void sio__client_on_refused(struct sio_client *client, enum frame_kind kind, struct span bytes);
// The session ended: ends the sockets, tells the layer above, and frees the client.
void sio__client_close(struct sio_client *client, enum eio_close_reason reason);
// A deadline, of a client that owes an attachment.
void sio__client_on_attachment_late(struct deadline *deadline, void *arg);
