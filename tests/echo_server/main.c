// echo-server: the Engine.IO and Socket.IO servers with an echo as the application, for the public
// test suites of both protocols.
#define LOG_MODULE "echo"

#include <stdlib.h>

#include "common/log.h"
#include "edge/adapters/listener/listener.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/server.h"
#include "tests/echo_server/echoes.h"
#include "tests/echo_server/options.h"

// The suites ask for the first message after the connection has opened. A client that reads the
// answer to its handshake and that message at once passes the message on too early. So only the
// answer is sent at once, and everything else after this time.
#define PAUSE_MS 15

struct echo_server {
    struct event_loop loop;
    struct turn_hook flush;
    struct deadline_queue pauses;
    struct deadline pause;
    struct socket_echo echo;
    uv_signal_t signals[2]; // SIGINT and SIGTERM
    struct allowed_origins *origins;
    struct listener *port;
    struct eio_server *engine;
    struct sio_server *sockets;
    struct listener_metrics port_metrics;
    struct eio_metrics engine_metrics, sockets_engine_metrics;
    struct sio_metrics sockets_metrics;
    bool stopping;
};

static struct eio_server *find_engine(struct span path, void *arg)
{
    struct echo_server *echo = arg;

    if (span_is(path, "/engine.io/"))
        return echo->engine;
    if (span_is(path, "/socket.io/"))
        return sio_server_engine(echo->sockets);
    return NULL;
}

static size_t body_max(const struct http_request *request, void *arg)
{
    struct eio_server *engine = find_engine(request->path, arg);

    return engine ? eio_server_body_max(engine, request) : 0;
}

static void on_http(struct http_exchange *exchange, void *arg)
{
    struct eio_server *engine = find_engine(exchange->request->path, arg);

    if (engine)
        eio_server_on_http(engine, exchange);
    else
        http_exchange_reply(exchange, &(struct http_reply){.status = 404});
}

static bool begin_pause(const struct http_request *request, void *arg)
{
    struct echo_server *echo = arg;

    (void)request;
    deadline_arm(&echo->pause, &echo->pauses);
    return true;
}

// The end of this turn sends what has waited.
static void on_pause_over(struct deadline *deadline, void *arg)
{
    (void)deadline;
    (void)arg;
}

static void on_turn_end(void *arg)
{
    struct echo_server *echo = arg;

    if (deadline_is_armed(&echo->pause))
        return;
    bool engine_quiet = eio_server_flush(echo->engine);
    bool sockets_quiet = eio_server_flush(sio_server_engine(echo->sockets));
    if (!engine_quiet || !sockets_quiet)
        event_loop_come_back(&echo->loop);
}

static void on_port_closed(void *arg)
{
    struct echo_server *echo = arg;

    for (size_t i = 0; i < ARRAY_LEN(echo->signals); i++)
        uv_close((uv_handle_t *)&echo->signals[i], NULL);
    event_loop_stop(&echo->loop);
}

static void close_all(struct eio_server *engine)
{
    eio_server_refuse_new(engine);
    (void)eio_server_close_some(engine, SIZE_MAX, EIO_SHUTTING_DOWN);
    eio_server_flush(engine);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct echo_server *echo = signal->data;

    if (echo->stopping)
        return;
    echo->stopping = true;
    log_info("stopping signal=%d", number);
    listener_stop_accepting(echo->port);
    close_all(echo->engine);
    close_all(sio_server_engine(echo->sockets));
    listener_close(echo->port, on_port_closed, echo);
}

static void watch_signals(struct echo_server *echo)
{
    static const int numbers[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uv_signal_init(&echo->loop.uv, &echo->signals[i]);
        echo->signals[i].data = echo;
        uv_signal_start(&echo->signals[i], on_signal, numbers[i]);
    }
}

static void build_servers(struct echo_server *echo, const struct echo_options *options)
{
    const struct sio_options sockets = {
        .engine = {.ping_interval_ms = options->ping_interval_ms,
                   .ping_timeout_ms = options->ping_timeout_ms,
                   .upgrade_timeout_ms = 10000,
                   .max_payload = options->max_payload,
                   .max_outbox_bytes = 4 * 1024 * 1024,
                   .allow_eio3 = options->allow_eio3,
                   .compression = {.enabled = options->compression,
                                   .threshold = 1024,
                                   .window_bits = WS_WINDOW_BITS_MAX}},
        .connect_timeout_ms = 45000,
        .max_namespaces_per_client = 16,
    };

    struct deadlines *clock = &echo->loop.deadlines;
    const struct sio_handlers handlers = socket_echo_handlers(&echo->echo);
    struct eio_handlers engine_handlers = engine_echo;

    deadline_queue_init(&echo->pauses, clock, PAUSE_MS, on_pause_over, NULL);
    deadline_init(&echo->pause);
    socket_echo_init(&echo->echo, clock);
    engine_handlers.allow_request = begin_pause;
    engine_handlers.arg = echo;
    echo->engine = eio_server_new(&sockets.engine, &engine_handlers, clock, &echo->engine_metrics);
    echo->sockets = sio_server_new(&sockets, begin_pause, echo, clock, &echo->sockets_metrics,
                                   &echo->sockets_engine_metrics);
    (void)sio_server_add_namespace(echo->sockets, "/", &handlers);
    (void)sio_server_add_namespace(echo->sockets, "/custom", &handlers);
    event_loop_add_hook(&echo->loop, &echo->flush, on_turn_end, echo);
}

static bool listen_for_clients(struct echo_server *echo, const struct echo_options *options)
{
    const struct listener_options port = {
        .host = options->host,
        .port = options->port,
        .head_timeout_ms = options->head_timeout_ms,
        .unacked_ms = options->ping_interval_ms + options->ping_timeout_ms,
        .max_body = options->max_payload,
        .max_connections = 1000,
        .origins = echo->origins,
        .answers_upgrades_at_once = true,
    };
    const struct listener_handlers handlers = {on_http, body_max, find_engine, echo};

    echo->port = listener_new(&port, &handlers, &echo->loop, &echo->port_metrics);
    return echo->port != NULL;
}

static int run(const struct echo_options *options)
{
    struct echo_server echo = {.origins = allowed_origins_new("*")};

    event_loop_init(&echo.loop);
    build_servers(&echo, options);
    bool listens = listen_for_clients(&echo, options);
    if (listens)
        watch_signals(&echo);
    else
        event_loop_stop(&echo.loop);
    event_loop_run(&echo.loop);

    listener_free(echo.port);
    event_loop_remove_hook(&echo.flush);
    sio_server_free(echo.sockets);
    eio_server_free(echo.engine);
    socket_echo_fini(&echo.echo);
    deadline_queue_fini(&echo.pauses);
    event_loop_fini(&echo.loop);
    allowed_origins_free(echo.origins);
    return listens ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct echo_options options;

    switch (echo_options_read(argc, argv, &options)) {
    case ECHO_DONE:
        return EXIT_SUCCESS;
    case ECHO_USAGE:
        return 2;
    case ECHO_RUN:
        break;
    }
    const struct log_options log = {
        .service = "echo-server", .level = LOG_INFO, .format = LOG_TEXT};
    if (!log_open(&log))
        return EXIT_FAILURE;
    int status = run(&options);
    log_close();
    return status;
}
