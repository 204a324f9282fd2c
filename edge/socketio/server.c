#include "edge/socketio/server.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/socketio/socketio_internal.h"

#define ACK_TIMEOUT_MS 30000

static bool allows_request(const struct http_request *request, void *arg)
{
    const struct sio_server *server = arg;

    return server->allow_request(request, server->allow_arg);
}

static void on_open(struct eio_session *session, const struct http_request *request, void *arg)
{
    client_open(arg, session, request);
}

static void on_message(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg)
{
    (void)arg;
    client_on_message(eio_session_data(session), kind, bytes);
}

static void on_refused(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg)
{
    (void)arg;
    client_on_refused(eio_session_data(session), kind, bytes);
}

static void on_close(struct eio_session *session, enum eio_close_reason reason, void *arg)
{
    (void)arg;
    client_close(eio_session_data(session), reason);
}

void server_reap(struct sio_server *server)
{
    while (!list_empty(&server->ended))
        socket_finish(list_entry(server->ended.next, struct sio_socket, entry));
    deadline_cancel(&server->reap);
}

static void on_reap_due(struct deadline *deadline, void *arg)
{
    (void)deadline;
    server_reap(arg);
}

static void start_queues(struct sio_server *server, struct deadlines *clock)
{
    uint32_t ack_timeout_ms = server->options.ack_timeout_ms;

    deadline_queue_init(&server->reap_due, clock, 0, on_reap_due, server);
    deadline_queue_init(&server->settle_due, clock, 0, client_on_settled, server);
    deadline_queue_init(&server->connect_due, clock, server->options.connect_timeout_ms,
                        client_on_connect_late, server);
    deadline_queue_init(&server->attachment_due, clock, SIO_ATTACHMENT_WAIT_MS,
                        client_on_attachment_late, server);
    deadline_queue_init(&server->answer_due, clock,
                        ack_timeout_ms > 0 ? ack_timeout_ms : ACK_TIMEOUT_MS, ack_on_late, server);
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

static void free_namespace(struct sio_namespace *nsp)
{
    list_unlink(&nsp->entry);
    rooms_free(nsp->rooms);
    free(nsp);
}

void sio_server_free(struct sio_server *server)
{
    if (!server)
        return;
    assert(server->client_count == 0);
    eio_server_free(server->engine);
    list_for_each (entry, &server->namespaces)
        free_namespace(list_entry(entry, struct sio_namespace, entry));
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

struct sio_namespace *server_find_namespace(struct sio_server *server, struct span name)
{
    list_for_each (entry, &server->namespaces) {
        struct sio_namespace *nsp = list_entry(entry, struct sio_namespace, entry);
        if (span_eq(namespace_name(nsp), name))
            return nsp;
    }
    return NULL;
}

struct sio_namespace *sio_server_add_namespace(struct sio_server *server, const char *name,
                                               const struct sio_handlers *handlers)
{
    size_t len = strlen(name);
    struct sio_namespace *nsp = mem_zalloc(sizeof(*nsp) + len);

    assert(name[0] == '/' && len <= SIO_NAMESPACE_MAX);
    assert(!server_find_namespace(server, span_of(name)));
    nsp->server = server;
    nsp->handlers = *handlers;
    nsp->rooms = rooms_new(server->options.max_rooms_per_socket, server->options.room_note_bytes);
    nsp->name_len = len;
    memcpy(nsp->name, name, len);
    list_append(&server->namespaces, &nsp->entry);
    return nsp;
}
