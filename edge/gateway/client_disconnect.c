#define LOG_MODULE "gateway"

#include "edge/gateway/client_disconnect.h"

#include <string.h>

#include "common/log.h"
#include "edge/gateway/clients/key_waits.h"
#include "edge/gateway/clients/recovery_attempt.h"

static bool is(const char *reason, enum eio_close_reason close)
{
    return strcmp(reason, eio_close_reason_str(close)) == 0;
}

static void log_end(struct client_disconnect *disconnect, const struct sio_socket *socket,
                    const char *reason)
{
    struct ip_text peer = sio_socket_peer(socket);

    if (is(reason, EIO_SLOW_CONSUMER))
        log_peer(&disconnect->slow_consumers, span_of(peer.text),
                 "closed a client that takes its messages too slowly socket=%s reason=%s",
                 sio_socket_id(socket), reason);
    else
        log_debug("client disconnected socket=%s reason=%s", sio_socket_id(socket), reason);
}

// True if the client, or the gateway, ended the session on purpose. With any other reason only the
// connection was lost, and the client may come back to its session.
static bool is_for_good(const char *reason)
{
    static const char *const ends[] = {"client namespace disconnect", "server namespace disconnect",
                                       "parse error", "rate limit"};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (strcmp(reason, ends[i]) == 0)
            return true;
    return false;
}

void client_disconnect_init(struct client_disconnect *disconnect, struct client_metrics *metrics)
{
    peer_log_init(&disconnect->slow_consumers, &metrics->log_left_out);
}

// Pending joins and leaves are cancelled first. That marks the session's record if the store may
// have a join already, and departures_add() then writes the record before the end.
void client_disconnect_handle(struct client_disconnect *disconnect, struct client *client,
                              const char *reason)
{
    log_end(disconnect, client->socket, reason);
    client_events_forget(disconnect->events, client);
    regrants_forget(client);
    departures_add(disconnect->departures, client, is_for_good(reason),
                   is(reason, EIO_SHUTTING_DOWN));
    token_expiry_stop(&client->alarm);
}

void client_disconnect_free(void *data)
{
    struct client *client = data;

    key_wait_free(client->key_wait);
    recovery_attempt_free(client->attempt);
    client_session_free(client->session);
    client_free(client);
}
