#include "relay/rabbitmq/rabbitmq.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/mem.h"
#include "common/rabbitmq_settings.h"
#include "common/tls_probe.h"
#include "relay/rabbitmq/incoming_internal.h"

#define FRAME_MAX        131072
#define WRITE_TIMEOUT_MS 4000

static enum rabbit_status login(struct rabbit *r, const struct rabbit_options *o)
{
    amqp_table_entry_t able[] = {
        rabbit_true_entry("authentication_failure_close"),
        rabbit_true_entry("basic.nack"),
        rabbit_true_entry("connection.blocked"),
        rabbit_true_entry("consumer_cancel_notify"),
        rabbit_true_entry("publisher_confirms"),
    };
    amqp_table_entry_t about[] = {
        rabbit_text_entry("connection_name", span_of(o->name)),
        {.key = amqp_cstring_bytes("capabilities")},
    };
    amqp_table_t properties = {ARRAY_LEN(about), about};

    about[1].value.kind = AMQP_FIELD_KIND_TABLE;
    about[1].value.value.table = (amqp_table_t){ARRAY_LEN(able), able};
    return rabbit_check_reply(
        r, amqp_login_with_properties(r->link, o->vhost, 0, FRAME_MAX, o->heartbeat_s, &properties,
                                      AMQP_SASL_METHOD_PLAIN, o->user, o->password));
}

// Returns NULL, with the reason kept, if the host's name is none for TLS.
static amqp_socket_t *make_socket(struct rabbit *r, const struct rabbit_options *o,
                                  const struct rabbit_host *host)
{
    amqp_socket_t *socket = o->tls ? amqp_ssl_socket_new(r->link) : amqp_tcp_socket_new(r->link);

    if (!socket)
        abort(); // out of memory
    if (!o->tls)
        return socket;
    r->has_tls = true;
    amqp_ssl_socket_set_verify_hostname(socket, false); // it would be that of the address
    const char *fault = tls_client_prepare(&r->tls, o->tls, host->address->host,
                                           amqp_ssl_socket_get_context(socket));
    if (fault)
        rabbit_lose(r, fault);
    return fault ? NULL : socket;
}

// Tries the addresses in turn, within RABBIT_CONNECT_MS for all of them; a handshake of TLS has
// longer.
static bool connect_to(struct rabbit *r, const struct addresses *addresses,
                       const struct rabbit_options *o, struct rabbit_host *host)
{
    uint32_t limit_ms = o->tls ? RABBIT_ANSWER_MS : RABBIT_CONNECT_MS;
    struct timeval wait = rabbit_timeval(limit_ms / (uint32_t)addresses->count);
    amqp_socket_t *socket = make_socket(r, o, host);
    int status = AMQP_STATUS_SOCKET_ERROR;

    if (!socket)
        return false;
    for (size_t i = 0; i < addresses->count && status != AMQP_STATUS_OK; i++)
        status = amqp_socket_open_noblock(socket, addresses->text[i], host->address->port, &wait);
    host->resolver.reached = status != AMQP_STATUS_TIMEOUT;
    if (status == AMQP_STATUS_SOCKET_ERROR)
        return rabbit_lose(r, "connection refused, or the host cannot be reached");
    return status == AMQP_STATUS_OK || rabbit_lose_by(r, status);
}

// Says more about a connection that ended before RabbitMQ has said anything. A server that wants
// TLS answers plain text with an alert that means nothing to rabbitmq-c.
static void explain_end(struct rabbit *r, const struct rabbit_options *o, struct rabbit_host *host)
{
    struct addresses addresses;

    if (r->code != 0 || strcmp(r->reason, amqp_error_string2(AMQP_STATUS_TIMEOUT)) == 0)
        return;
    if (o->tls) {
        if (!tls_client_why(&r->tls))
            rabbit_lose(r, tls_client_guess(&r->tls, r->reason));
        return;
    }
    if (resolver_ask(&host->resolver, RABBIT_CONNECT_MS, &addresses))
        return;
    host->resolver.reached = true;
    if (tls_probe(addresses.text[0], host->address->port, RABBITMQ_GREETING, RABBIT_CONNECT_MS))
        rabbit_lose(r, RABBITMQ_SPEAKS_TLS);
}

static bool dial(struct rabbit *r, const struct rabbit_options *o, struct rabbit_host *host)
{
    struct timeval wait = rabbit_timeval(RABBIT_ANSWER_MS);
    unsigned timeout_ms = WRITE_TIMEOUT_MS;
    struct addresses addresses;
    const char *unresolved = resolver_ask(&host->resolver, RABBIT_CONNECT_MS, &addresses);

    if (unresolved)
        return rabbit_lose(r, unresolved);
    if (!connect_to(r, &addresses, o, host))
        return false;
    // A write has no limit of time of its own. This ends the connection to a peer that takes
    // nothing.
    setsockopt(amqp_get_sockfd(r->link), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
               sizeof(timeout_ms));
    amqp_set_handshake_timeout(r->link, &wait);
    amqp_set_rpc_timeout(r->link, &wait);
    return true;
}

struct rabbit *rabbit_open(const struct rabbit_options *options, char why[RABBIT_REASON_MAX])
{
    struct rabbit_host *host = rabbit_hosts_current(options->hosts);
    struct rabbit *r = mem_zalloc(sizeof(*r));

    r->link = amqp_new_connection();
    if (!r->link)
        abort(); // out of memory
    r->usable = true;
    r->max_body = options->max_body;
    list_init(&r->backlog);
    if (dial(r, options, host)) {
        if (login(r, options) == RABBIT_OK && rabbit_open_channel(r) == RABBIT_OK)
            return r;
        explain_end(r, options, host);
    }
    memcpy(why, r->reason, sizeof(r->reason));
    r->usable = false;
    rabbit_close(r);
    return NULL;
}

// When the answer comes, RabbitMQ has handled everything sent before. Deliveries that come before
// the answer are dropped.
static void close_gracefully(struct rabbit *r)
{
    amqp_connection_close_t close = {.reply_code = AMQP_REPLY_SUCCESS};

    if (amqp_send_method(r->link, 0, AMQP_CONNECTION_CLOSE_METHOD, &close) == AMQP_STATUS_OK &&
        rabbit_await(r, AMQP_CONNECTION_CLOSE_OK_METHOD, false, SIZE_MAX) != RABBIT_OK)
        r->usable = false;
}

void rabbit_abandon(struct rabbit *r)
{
    if (r)
        r->usable = false;
}

void rabbit_close(struct rabbit *r)
{
    if (!r)
        return;
    if (r->usable)
        close_gracefully(r);
    amqp_destroy_connection(r->link);
    rabbit_drop_incoming(r);
    free(r);
}

const char *rabbit_reason(const struct rabbit *r)
{
    return r->reason;
}

int rabbit_code(const struct rabbit *r)
{
    return r->code;
}

int rabbit_socket(const struct rabbit *r)
{
    return amqp_get_sockfd(r->link);
}

bool rabbit_has_refused_unreadable(const struct rabbit *r)
{
    return r->refused_unreadable;
}

enum rabbit_status rabbit_open_channel(struct rabbit *r)
{
    rabbit_drop_incoming(r); // their tags are of the previous channel
    amqp_channel_open(r->link, CHANNEL);
    return rabbit_answer(r);
}

enum rabbit_status rabbit_close_channel(struct rabbit *r)
{
    amqp_channel_close_t close = {.reply_code = AMQP_REPLY_SUCCESS};
    int status = amqp_send_method(r->link, CHANNEL, AMQP_CHANNEL_CLOSE_METHOD, &close);

    if (status != AMQP_STATUS_OK) {
        rabbit_lose_by(r, status);
        return RABBIT_LOST;
    }
    return rabbit_await(r, AMQP_CHANNEL_CLOSE_OK_METHOD, false, SIZE_MAX);
}

enum rabbit_status rabbit_set_prefetch(struct rabbit *r, uint16_t prefetch)
{
    amqp_basic_qos(r->link, CHANNEL, 0, prefetch, 0);
    return rabbit_answer(r);
}

enum rabbit_status rabbit_consume(struct rabbit *r, const char *queue, const char *consumer,
                                  bool exclusive, size_t max_backlog_bytes)
{
    amqp_basic_consume_t method = {
        .queue = amqp_cstring_bytes(queue),
        .consumer_tag = amqp_cstring_bytes(consumer),
        .exclusive = exclusive,
    };
    int status = amqp_send_method(r->link, CHANNEL, AMQP_BASIC_CONSUME_METHOD, &method);

    if (status != AMQP_STATUS_OK) {
        rabbit_lose_by(r, status);
        return RABBIT_LOST;
    }
    return rabbit_await(r, AMQP_BASIC_CONSUME_OK_METHOD, true, max_backlog_bytes);
}

bool rabbit_ack(struct rabbit *r, uint64_t tag, bool multiple)
{
    int status = amqp_basic_ack(r->link, CHANNEL, tag, multiple);

    return status == AMQP_STATUS_OK || rabbit_lose_by(r, status);
}

bool rabbit_reject(struct rabbit *r, uint64_t tag)
{
    int status = amqp_basic_reject(r->link, CHANNEL, tag, false);

    return status == AMQP_STATUS_OK || rabbit_lose_by(r, status);
}

bool rabbit_send_heartbeat(struct rabbit *r)
{
    amqp_frame_t beat = {.frame_type = AMQP_FRAME_HEARTBEAT};
    int status = amqp_send_frame(r->link, &beat);

    return status == AMQP_STATUS_OK || rabbit_lose_by(r, status);
}
