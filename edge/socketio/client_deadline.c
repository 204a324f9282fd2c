#include "edge/socketio/client_deadline.h"

#include "edge/engineio/session.h"
#include "edge/socketio/handshake.h"
#include "edge/socketio/socketio_internal.h"

static void drop_handshake_if_settled(struct sio_client *client)
{
    if (!client->was_connected || client->server->options.keep_handshake)
        return;
    sio__handshake_free(client->handshake);
    client->handshake = NULL;
}

void sio__client_await_connect(struct sio_client *client)
{
    deadline_arm(&client->deadline, &client->server->connect_due);
}

// Ends the connect timeout. The handshake is not needed any more, but the handler that accepts the
// socket may still use it: so it is dropped in the next turn.
void sio__client_on_accepted(struct sio_client *client)
{
    struct sio_server *server = client->server;

    if (client->has_left_all) {
        client->has_left_all = false;
        deadline_cancel(&client->deadline);
    }
    if (client->was_connected)
        return;
    histogram_observe(&server->metrics->connect_ms,
                      deadlines_now(server->clock) - sio__handshake_began_ms(client->handshake), 1);
    client->was_connected = true;
    eio_session_admit(client->session);
    deadline_cancel(&client->deadline);
    if (!server->options.keep_handshake)
        deadline_arm(&client->deadline, &server->settle_due);
}

// Only the first call arms the deadline: otherwise each refused CONNECT would give the client more
// time.
void sio__client_on_last_left(struct sio_client *client)
{
    if (client->has_left_all)
        return;
    client->has_left_all = true;
    drop_handshake_if_settled(client); // its deadline is about to be used for something else
    sio__client_await_connect(client);
}

void sio__client_await_attachment(struct sio_client *client)
{
    drop_handshake_if_settled(client); // its deadline is about to be used for something else
    deadline_arm(&client->deadline, &client->server->attachment_due);
}

void sio__client_has_attachments(struct sio_client *client)
{
    if (client->has_left_all)
        sio__client_await_connect(client);
    else
        deadline_cancel(&client->deadline);
}

void sio__client_on_connect_late(struct deadline *deadline, void *arg)
{
    struct sio_client *client = container_of(deadline, struct sio_client, deadline);

    (void)arg;
    metric_add(&client->server->metrics->connect_timeouts, 1);
    eio_session_close(client->session, EIO_FORCED_CLOSE);
}

void sio__client_on_settled(struct deadline *deadline, void *arg)
{
    (void)arg;
    drop_handshake_if_settled(container_of(deadline, struct sio_client, deadline));
}
