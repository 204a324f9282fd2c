#include "edge/socketio/server.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/server.h"
#include "edge/engineio/session.h"
#include "edge/socketio/acks.h"
#include "edge/socketio/client.h"
#include "edge/socketio/client_deadline.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/socket.h"
#include "edge/socketio/socketio_internal.h"

#define ACK_TIMEOUT_MS 30000

static bool allows_request(const struct http_request *request, void *arg)
{
    const struct sio_server *server = arg;

    return server->allow_request(request, server->allow_arg);
}

static void on_open(struct eio_session *session, const struct http_request *request, void *arg)
{
    sio__client_open(arg, session, request);
}

static void on_message(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg)
{
    (void)arg;
    sio__client_on_message(eio_session_data(session), kind, bytes);
}

static void on_refused(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg)
{
    (void)arg;
    sio__client_on_refused(eio_session_data(session), kind, bytes);
}

static void on_close(struct eio_session *session, enum eio_close_reason reason, void *arg)
{
    (void)arg;
    sio__client_close(eio_session_data(session), reason);
}

static void on_reap_due(struct deadline *deadline, void *arg)
{
    (void)deadline;
    sio__socket_reap(arg);
}

static void start_queues(struct sio_server *server, struct deadlines *clock)
{
    uint32_t ack_timeout_ms = server->options.ack_timeout_ms;

    deadline_queue_init(&server->reap_due, clock, 0, on_reap_due, server);
    deadline_queue_init(&server->settle_due, clock, 0, sio__client_on_settled, server);
    deadline_queue_init(&server->connect_due, clock, server->options.connect_timeout_ms,
                        sio__client_on_connect_late, server);
    deadline_queue_init(&server->attachment_due, clock, SIO_ATTACHMENT_WAIT_MS,
                        sio__client_on_attachment_late, server);
    deadline_queue_init(&server->answer_due, clock,
                        ack_timeout_ms > 0 ? ack_timeout_ms : ACK_TIMEOUT_MS, sio__ack_on_late,
                        server);
}

struct sio_server *sio_server_new(const struct sio_options *options,
                                  bool (*allow_request)(const struct http_request *, void *),
                                  void *allow_arg, struct deadlines *clock,
                                  struct sio_metrics *metrics, struct eio_metrics *engine_metrics)
{
    struct sio_server *server = mem_zalloc(sizeof(*server));
    const struct eio_handlers handlers = {
        .allow_request = allow_request ? allows_request : NULL,
        .on_open = on_open,
        .on_message = on_message,
        .on_refused = on_refused,
        .on_close = on_close,
        .arg = server,
    };

    server->options = *options;
    server->allow_request = allow_request;
    server->allow_arg = allow_arg;
    server->metrics = metrics;
    server->clock = clock;
    peer_log_init(&server->log_bad_packets, &metrics->log_left_out);
    peer_log_init(&server->log_rate_limits, &metrics->log_left_out);
    list_init(&server->namespaces);
    list_init(&server->ended);
    deadline_init(&server->reap);
    start_queues(server, clock);
    server->engine = eio_server_new(&options->engine, &handlers, clock, engine_metrics);
    return server;
}

void sio_server_free(struct sio_server *server)
{
    if (!server)
        return;
    assert(server->client_count == 0);
    eio_server_free(server->engine);
    list_for_each (entry, &server->namespaces)
        sio__namespace_free(list_entry(entry, struct sio_namespace, entry));
    deadline_queue_fini(&server->reap_due);
    deadline_queue_fini(&server->settle_due);
    deadline_queue_fini(&server->connect_due);
    deadline_queue_fini(&server->attachment_due);
    deadline_queue_fini(&server->answer_due);
    free(server);
}

struct eio_server *sio_server_engine(struct sio_server *server)
{
    return server->engine;
}
