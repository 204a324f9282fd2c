// A client (one Engine.IO session) and the handling of its packets. For socketio's own files.
#pragma once

#include "common/deadlines.h"
#include "edge/engineio/options.h"

struct sio_client;
struct sio_server;
struct sio_socket;

// Creates the client of a session that was opened. Borrows `request`, that of the handshake.
void sio__client_open(struct sio_server *server, struct eio_session *session,
                      const struct http_request *request);
// Handles a message, which is borrowed. A malformed or misplaced one closes the client with
// EIO_PARSE_ERROR.
void sio__client_on_message(struct sio_client *client, enum frame_kind kind, struct span bytes);
// Refuses a message above a rate limit, with an error as answer if the packet asks for one.
void sio__client_on_refused(struct sio_client *client, enum frame_kind kind, struct span bytes);
// Called when the session has ended: ends the sockets, calls on_disconnect, and frees the client.
void sio__client_close(struct sio_client *client, enum eio_close_reason reason);
// The deadline of a client whose next attachment did not come in time.
void sio__client_on_attachment_late(struct deadline *deadline, void *arg);
