#include "edge/socketio/middleware.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/session.h"
#include "edge/socketio/socketio_internal.h"

// The way of one socket through the middleware. It is on the stack while all steps answer before
// they return, which is the common case. If a step answers later, the run is copied to the heap,
// with the bytes of `auth`, because the packet does not live that long. These count against the
// budget of memory: a client chooses how many they are, and may choose how long it waits.
struct sio__middleware_run {
    struct span auth;
    uint32_t step; // index of the current step
    bool calling;  // the current step has not returned yet
    bool passed;   // the current step has called sio_socket_next() before returning
    char kept[];   // the bytes of `auth`, on the heap only
};

static struct memory_budget *memory_of(const struct sio_socket *socket)
{
    return socket->nsp->server->options.engine.memory;
}

static struct sio__middleware_run *copy_to_heap(const struct sio__middleware_run *run)
{
    size_t len = run->auth.len;
    struct sio__middleware_run *kept = mem_alloc(sizeof(*kept) + len);

    *kept = *run;
    if (len > 0)
        memcpy(kept->kept, run->auth.ptr, len);
    kept->auth.ptr = kept->kept;
    return kept;
}

// True if the step has let the socket pass before it returned. sio_socket_next() only notes that,
// so that steps are called from a loop and not from one another.
static bool call_step(struct sio_socket *socket, struct sio__middleware_run *run)
{
    const struct sio__middleware_step *step = &socket->nsp->middleware[run->step];

    run->passed = false;
    run->calling = true;
    step->ask(socket, run->auth, step->arg);
    run->calling = false;
    return run->passed;
}

// False if a step will answer later. True if all steps have passed, or a step has refused or ended
// the socket.
static bool run_steps(struct sio_socket *socket, struct sio__middleware_run *run)
{
    while (socket->state == SOCKET_CONNECTING && run->step < socket->nsp->middleware_count) {
        if (!call_step(socket, run))
            return socket->state != SOCKET_CONNECTING;
        run->step++;
    }
    return true;
}

static void finish(struct sio_socket *socket, const struct sio__middleware_run *run)
{
    const struct sio_handlers *handlers = &socket->nsp->handlers;

    socket->middleware_run = NULL;
    if (socket->state != SOCKET_CONNECTING)
        return;
    socket->introduced = true;
    handlers->on_connect(socket, run->auth, handlers->arg);
}

// Closes the client if there is no memory for it. The step that answers later finds no run. Like
// new handshakes, those that wait leave the last of the budget to clients that were let in.
static void keep(struct sio_socket *socket, const struct sio__middleware_run *run)
{
    struct memory_budget *memory = memory_of(socket);
    bool fits = memory_budget_take_new(memory, MEMORY_HANDSHAKES, run->auth.len);

    socket->middleware_run = fits ? copy_to_heap(run) : NULL;
    if (!fits)
        eio_session_close(socket->session, EIO_MEMORY_LIMIT);
}

static void free_run(const struct sio_socket *socket, struct sio__middleware_run *run)
{
    memory_budget_give(memory_of(socket), MEMORY_HANDSHAKES, run->auth.len);
    free(run);
}

void sio__middleware_start(struct sio_socket *socket, struct span auth)
{
    struct sio__middleware_run run = {.auth = auth};

    socket->middleware_run = &run;
    if (run_steps(socket, &run))
        finish(socket, &run);
    else
        keep(socket, &run);
}

void sio__middleware_forget(struct sio_socket *socket)
{
    if (socket->middleware_run)
        free_run(socket, socket->middleware_run);
    socket->middleware_run = NULL;
}

void sio_socket_next(struct sio_socket *socket)
{
    struct sio__middleware_run *run = socket->middleware_run;

    if (!run)
        return;
    if (run->calling) {
        run->passed = true;
        return;
    }
    run->step++;
    if (!run_steps(socket, run))
        return;
    finish(socket, run);
    free_run(socket, run);
}

void sio_namespace_use(struct sio_namespace *nsp, sio_middleware_fn ask, void *arg)
{
    assert(nsp->middleware_count < SIO_MIDDLEWARE_MAX);
    nsp->middleware[nsp->middleware_count++] = (struct sio__middleware_step){ask, arg};
}
