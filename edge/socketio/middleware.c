// A socket's way through the middleware of its namespace, one step after another, to on_connect.
#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/socketio/socketio_internal.h"

// Lies on the stack while all steps answer at once; a step that takes its time has it copied.
struct admission {
    struct span auth;
    uint32_t step; // the one that is asked
    bool asking;   // it has not returned yet
    bool passed;   // it said next before it returned
    char kept[];   // `auth`, once the packet is gone
};

static struct admission *keep(const struct admission *admission)
{
    size_t len = admission->auth.len;
    struct admission *kept = mem_alloc(sizeof(*kept) + len);

    *kept = *admission;
    if (len > 0)
        memcpy(kept->kept, admission->auth.ptr, len);
    kept->auth.ptr = kept->kept;
    return kept;
}

// True when the step has let the socket on.
static bool ask_step(struct sio_socket *socket, struct admission *admission)
{
    const struct middleware *step = &socket->nsp->middleware[admission->step];

    admission->passed = false;
    admission->asking = true;
    step->ask(socket, admission->auth, step->arg);
    admission->asking = false;
    return admission->passed;
}

// False while a step keeps the socket waiting.
static bool walk(struct sio_socket *socket, struct admission *admission)
{
    while (socket->state == SOCKET_CONNECTING && admission->step < socket->nsp->middleware_count) {
        if (!ask_step(socket, admission))
            return socket->state != SOCKET_CONNECTING;
        admission->step++;
    }
    return true;
}

static void arrive(struct sio_socket *socket, const struct admission *admission)
{
    const struct sio_handlers *handlers = &socket->nsp->handlers;

    socket->admission = NULL;
    if (socket->state == SOCKET_CONNECTING)
        handlers->on_connect(socket, admission->auth, handlers->arg);
}

void socket_admit(struct sio_socket *socket, struct span auth)
{
    struct admission admission = {.auth = auth};

    socket->admission = &admission;
    if (walk(socket, &admission))
        arrive(socket, &admission);
    else
        socket->admission = keep(&admission);
}

void sio_socket_next(struct sio_socket *socket)
{
    struct admission *admission = socket->admission;

    if (!admission)
        return;
    if (admission->asking) {
        admission->passed = true;
        return;
    }
    admission->step++;
    if (!walk(socket, admission))
        return;
    arrive(socket, admission);
    free(admission);
}

void sio_namespace_use(struct sio_namespace *nsp, sio_middleware_fn ask, void *arg)
{
    assert(nsp->middleware_count < SIO_MIDDLEWARE_MAX);
    nsp->middleware[nsp->middleware_count++] = (struct middleware){ask, arg};
}
