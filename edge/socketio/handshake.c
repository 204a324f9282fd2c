#include "edge/socketio/handshake.h"

#include <stdlib.h>

#include "common/mem.h"

// The view and the bytes that it points to, in one allocation.
struct sio__handshake {
    struct sio_handshake view;
    uint64_t began_ms;
    struct memory_budget *memory;
    size_t size;
    char bytes[];
};

struct sio__handshake *sio__handshake_new(const struct http_request *request, struct span cookie,
                                          uint64_t now_ms, struct memory_budget *memory)
{
    struct span authorization = http_request_header(request, "Authorization");
    struct span user_agent = http_request_header(request, "User-Agent");
    size_t size =
        authorization.len + request->query.len + request->peer.len + user_agent.len + cookie.len;
    struct sio__handshake *handshake = mem_alloc(sizeof(*handshake) + size);
    char *at = handshake->bytes;

    handshake->view.authorization = span_store(&at, authorization);
    handshake->view.query = span_store(&at, request->query);
    handshake->view.peer = span_store(&at, request->peer);
    handshake->view.user_agent = span_store(&at, user_agent);
    handshake->view.cookie = span_store(&at, cookie);
    handshake->began_ms = now_ms;
    handshake->memory = memory;
    handshake->size = size;
    memory_budget_charge(memory, MEMORY_HANDSHAKES, size); // may exceed the budget, see the header
    return handshake;
}

void sio__handshake_free(struct sio__handshake *handshake)
{
    if (!handshake)
        return;
    memory_budget_give(handshake->memory, MEMORY_HANDSHAKES, handshake->size);
    free(handshake);
}

struct sio_handshake sio__handshake_view(const struct sio__handshake *handshake)
{
    return handshake ? handshake->view : (struct sio_handshake){0};
}

uint64_t sio__handshake_began_ms(const struct sio__handshake *handshake)
{
    return handshake->began_ms;
}
