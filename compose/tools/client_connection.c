#include "compose/tools/client_connection.h"

#include <libwebsockets.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/backoff.h"
#include "common/buffer.h"
#include "common/list.h"
#include "common/mem.h"
#include "compose/tools/tool.h"

#define MAX_TEXT_BYTES ((size_t)64 * 1024 * 1024)
#define MAX_QUEUED     4096
#define HANDSHAKE_S    20
#define US_PER_MS      1000

struct queued_text {
    struct list link;
    size_t len;
    unsigned char bytes[]; // LWS_PRE unused bytes, then the text
};

struct client_connection {
    struct client_connection_options options;
    const struct client_connection_callbacks *callbacks;
    void *arg;
    struct lws_context *context;
    struct lws *wsi; // NULL: not connected
    struct list queue;
    size_t queued;
    struct buffer text; // of the message that is coming in
    struct backoff backoff;
    const char *drop_reason; // why we close the connection; NULL: we do not
    lws_sorted_usec_list_t retry, limit, silence;
    volatile sig_atomic_t stopping;
    bool trying; // connecting, not known whether it succeeds
    bool timed_out;
};

static void clear_queue(struct client_connection *connection)
{
    while (!list_empty(&connection->queue)) {
        struct list *first = connection->queue.next;
        list_unlink(first);
        free(container_of(first, struct queued_text, link));
    }
    connection->queued = 0;
}

static void schedule(struct client_connection *connection, lws_sorted_usec_list_t *timer,
                     sul_cb_t callback, uint64_t ms)
{
    lws_sul_schedule(connection->context, 0, timer, callback, (lws_usec_t)(ms * US_PER_MS));
}

static void on_retry(lws_sorted_usec_list_t *timer);

static void go_down(struct client_connection *connection, const char *reason, bool final)
{
    uint64_t retry_ms = CLIENT_NO_RETRY;

    connection->wsi = NULL;
    connection->trying = false;
    lws_sul_cancel(&connection->silence);
    clear_queue(connection);
    buffer_clear(&connection->text);
    if (connection->drop_reason)
        reason = connection->drop_reason;
    connection->drop_reason = NULL;
    if (connection->stopping)
        return;
    if (connection->options.once || final) {
        connection->stopping = 1;
    } else {
        retry_ms = backoff_next_ms(&connection->backoff, false);
        schedule(connection, &connection->retry, on_retry, retry_ms);
    }
    connection->callbacks->on_down(connection->arg, reason, retry_ms);
}

// libwebsockets 4.1 never reports a host name that cannot be resolved.
static bool resolves(const char *host, const char **fault)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);

    *fault = gai_strerror(rc);
    if (rc != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

static void connect_now(struct client_connection *connection)
{
    const char *host = connection->options.host, *fault;
    char authority[300], reason[400];
    struct lws_client_connect_info info = {
        .context = connection->context,
        .address = host,
        .port = connection->options.port,
        .path = connection->options.path,
        .host = authority,
        .ietf_version_or_minus_one = -1,
        .alpn = "http/1.1",
        .local_protocol_name = "client",
        .pwsi = &connection->wsi,
    };

    if (!resolves(host, &fault)) {
        snprintf(reason, sizeof(reason), "%s cannot be resolved: %s", host, fault);
        go_down(connection, reason, false);
        return;
    }
    snprintf(authority, sizeof(authority), strchr(host, ':') ? "[%s]:%d" : "%s:%d", host,
             connection->options.port);
    connection->trying = true;
    client_connection_expect_within(connection, HANDSHAKE_S * 1000);
    // If the attempt fails at once, the callback has mostly been called already, but not always.
    if (!lws_client_connect_via_info(&info) && connection->trying)
        go_down(connection, "libwebsockets could not begin a connection", false);
}

static void on_retry(lws_sorted_usec_list_t *timer)
{
    connect_now(lws_container_of(timer, struct client_connection, retry));
}

static void on_limit(lws_sorted_usec_list_t *timer)
{
    struct client_connection *connection = lws_container_of(timer, struct client_connection, limit);

    connection->timed_out = true;
    client_connection_stop(connection);
}

static void on_silence(lws_sorted_usec_list_t *timer)
{
    client_connection_drop(lws_container_of(timer, struct client_connection, silence),
                           "the server has been silent for too long");
}

// After a 4xx the server will not take this client, so there is no retry. After a 5xx or no answer
// there is.
static void on_error(struct client_connection *connection, struct lws *wsi, const char *text)
{
    unsigned status = wsi ? lws_http_client_http_response(wsi) : 0;
    char reason[400];

    if (status >= 200)
        snprintf(reason, sizeof(reason), "the server answered the handshake with HTTP %u", status);
    else
        snprintf(reason, sizeof(reason), "no gateway answers at %s:%d (%s)",
                 connection->options.host, connection->options.port,
                 text ? text : "no reason given");
    go_down(connection, reason, status >= 400 && status < 500);
}

// Appends a fragment of a text, and passes the text on when it is complete.
static void take_fragment(struct client_connection *connection, struct lws *wsi, struct span bytes)
{
    if (lws_frame_is_binary(wsi))
        return;
    if (connection->text.len + bytes.len > MAX_TEXT_BYTES) {
        client_connection_drop(connection, "the server sent a text of over 64 MB");
        return;
    }
    buffer_append(&connection->text, bytes);
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0)
        return;
    connection->callbacks->on_text(connection->arg, buffer_span(&connection->text));
    buffer_clear(&connection->text);
}

static int write_next(struct client_connection *connection, struct lws *wsi)
{
    struct queued_text *text;
    int written;

    if (list_empty(&connection->queue))
        return 0;
    text = container_of(connection->queue.next, struct queued_text, link);
    list_unlink(&text->link);
    connection->queued--;
    written = lws_write(wsi, text->bytes + LWS_PRE, text->len, LWS_WRITE_TEXT);
    free(text);
    if (written < 0)
        return -1;
    if (!list_empty(&connection->queue))
        lws_callback_on_writable(wsi);
    return 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t len)
{
    struct client_connection *connection = lws_context_user(lws_get_context(wsi));

    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_error(connection, wsi, in);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        connection->callbacks->on_up(connection->arg);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        take_fragment(connection, wsi, (struct span){in, len});
        return connection->drop_reason || connection->stopping ? -1 : 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return connection->drop_reason ? -1 : write_next(connection, wsi);
    case LWS_CALLBACK_CLIENT_CLOSED:
        go_down(connection, "the server has closed the connection", false);
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols PROTOCOLS[] = {
    {.name = "client", .callback = on_lws, .rx_buffer_size = 65536, .tx_packet_size = 65536},
    {.name = NULL},
};

// Without this policy libwebsockets sends WebSocket pings of its own every five minutes.
static const lws_retry_bo_t NO_PINGS = {0};

struct client_connection *client_connection_new(const struct client_connection_options *options,
                                                const struct client_connection_callbacks *callbacks,
                                                void *arg)
{
    struct client_connection *connection = mem_zalloc(sizeof(*connection));
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = PROTOCOLS,
        .user = connection,
        .timeout_secs = HANDSHAKE_S,
        .retry_and_idle_policy = &NO_PINGS,
    };

    lws_set_log_level(0, NULL);
    list_init(&connection->queue);
    connection->options = *options;
    connection->callbacks = callbacks;
    connection->arg = arg;
    connection->context = lws_create_context(&info);
    if (!connection->context) {
        tool_fail("libwebsockets does not start");
        client_connection_free(connection);
        return NULL;
    }
    return connection;
}

void client_connection_free(struct client_connection *connection)
{
    if (!connection)
        return;
    connection->stopping = 1;
    if (connection->context)
        lws_context_destroy(connection->context);
    clear_queue(connection);
    buffer_fini(&connection->text);
    free(connection);
}

void client_connection_run(struct client_connection *connection)
{
    if (connection->options.timeout_ms > 0)
        schedule(connection, &connection->limit, on_limit, connection->options.timeout_ms);
    connect_now(connection);
    while (!connection->stopping && lws_service(connection->context, 0) >= 0)
        ;
}

void client_connection_stop(struct client_connection *connection)
{
    connection->stopping = 1;
    lws_cancel_service(connection->context);
}

bool client_connection_timed_out(const struct client_connection *connection)
{
    return connection->timed_out;
}

void client_connection_send(struct client_connection *connection, struct span text)
{
    struct queued_text *queued;

    if (!connection->wsi || connection->drop_reason)
        return;
    if (connection->queued == MAX_QUEUED) {
        client_connection_drop(connection, "the server does not read");
        return;
    }
    queued = mem_alloc(sizeof(*queued) + LWS_PRE + text.len);
    queued->len = text.len;
    memcpy(queued->bytes + LWS_PRE, text.ptr, text.len);
    list_append(&connection->queue, &queued->link);
    connection->queued++;
    lws_callback_on_writable(connection->wsi);
}

void client_connection_drop(struct client_connection *connection, const char *reason)
{
    if (!connection->wsi || connection->drop_reason)
        return;
    connection->drop_reason = reason;
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void client_connection_settled(struct client_connection *connection)
{
    backoff_reset(&connection->backoff);
}

void client_connection_expect_within(struct client_connection *connection, uint64_t ms)
{
    schedule(connection, &connection->silence, on_silence, ms);
}
