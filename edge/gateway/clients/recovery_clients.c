#include "edge/gateway/clients/recovery_clients.h"

#include "edge/http/query.h"

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

// python-engineio sends the query parameter `t` as seconds with a fraction; in JavaScript's it is
// in base 36.
static bool is_python(const struct sio_handshake *handshake)
{
    struct span stamp, seconds;

    if (!query_find(handshake->query, "t", &stamp) || !stamp.ptr ||
        !memchr(stamp.ptr, '.', stamp.len))
        return false;
    return span_take_until(&stamp, '.', &seconds) && is_number(seconds) && is_number(stamp);
}

static bool is_dart(const struct sio_handshake *handshake)
{
    return span_starts_with(handshake->user_agent, SPAN_LIT("Dart/"));
}

bool recovery_clients_include(enum recovery_clients which, unsigned version,
                              const struct sio_handshake *handshake)
{
    struct span asked;

    if (version == 3 || handshake->query.len == 0)
        return false; // the handshake is gone if the client had a socket before
    if (query_find(handshake->query, "recovery", &asked)) {
        if (span_is(asked, "1"))
            return true;
        if (span_is(asked, "0"))
            return false;
    }
    switch (which) {
    case RECOVERY_CLIENTS_ALL:
        return true;
    case RECOVERY_CLIENTS_ASKED:
        return false;
    default:
        return !is_python(handshake) && !is_dart(handshake);
    }
}
