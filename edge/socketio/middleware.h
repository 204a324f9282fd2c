// Middleware: the steps that a socket passes between its CONNECT packet and on_connect.
#pragma once

#include "edge/socketio/options.h"

struct sio_namespace;

// Adds a step. Steps are called in the order in which they were added, each after the step before
// it has called sio_socket_next(). Add all steps, at most SIO_MIDDLEWARE_MAX, before the first
// client.
void sio_namespace_use(struct sio_namespace *nsp, sio_middleware_fn ask, void *arg);

// Called by a step to let the socket pass: to the next step, or to on_connect. Does nothing if no
// step is running, or if the socket was refused or ended.
void sio_socket_next(struct sio_socket *socket);

// ---- for socketio's own files

// Calls the first step, or on_connect if there is none. Borrows `auth` until return. While a step
// has not answered, a copy of `auth` is charged to the budget of memory, under
// MEMORY_HANDSHAKES; if memory_budget_is_spent(), the client is closed (`memory limit`).
void sio__middleware_start(struct sio_socket *socket, struct span auth);
// For a socket that ends. Its step may answer all the same: nothing happens then.
void sio__middleware_forget(struct sio_socket *socket);
