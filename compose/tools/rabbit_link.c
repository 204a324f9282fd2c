#include "compose/tools/rabbit_link.h"

#include <assert.h>
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#include <stdio.h>

#include "common/tls_probe.h"
#include "compose/tools/tool.h"

#define FRAME_MAX      131072
#define PROBE_MS       2000
#define UNKNOWN_STATUS "the broker answered with something unexpected"

struct timeval rabbit_timeval(uint64_t ms)
{
    return (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
}

bool rabbit_link_fail(const char *doing, int status)
{
    return tool_fail("%s: %s", doing, amqp_error_string2(status));
}

bool rabbit_link_fail_with(const char *doing, const void *method)
{
    const amqp_method_t *m = method;
    amqp_bytes_t text = {0, NULL};

    if (m->id == AMQP_CONNECTION_CLOSE_METHOD)
        text = ((amqp_connection_close_t *)m->decoded)->reply_text;
    else if (m->id == AMQP_CHANNEL_CLOSE_METHOD)
        text = ((amqp_channel_close_t *)m->decoded)->reply_text;
    if (!text.bytes)
        return tool_fail("%s: " UNKNOWN_STATUS, doing);
    return tool_fail("%s: RabbitMQ says: %.*s", doing, (int)text.len, (const char *)text.bytes);
}

static bool granted(amqp_rpc_reply_t reply, const char *doing)
{
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return true;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        return rabbit_link_fail(doing, reply.library_error);
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        return rabbit_link_fail_with(doing, &reply.reply);
    default:
        return tool_fail("%s: " UNKNOWN_STATUS, doing);
    }
}

bool rabbit_link_granted(amqp_connection_state_t link, const char *doing)
{
    return granted(amqp_get_rpc_reply(link), doing);
}

static bool open_channel(amqp_connection_state_t link)
{
    amqp_channel_open(link, RABBIT_CHANNEL);
    return rabbit_link_granted(link, "opening a channel");
}

// Of the connection that is being made.
static struct tls_client tls;

// Returns NULL with the reason in `why`.
static amqp_socket_t *make_socket(amqp_connection_state_t link,
                                  const struct rabbitmq_settings *rabbitmq, const char *host,
                                  const char **why)
{
    amqp_socket_t *socket = rabbitmq->tls ? amqp_ssl_socket_new(link) : amqp_tcp_socket_new(link);

    *why = amqp_error_string2(AMQP_STATUS_NO_MEMORY);
    if (!socket || !rabbitmq->tls)
        return socket;
    amqp_ssl_socket_set_verify_hostname(socket, false); // OpenSSL does it
    *why = tls_client_prepare(&tls, rabbitmq->store, host, amqp_ssl_socket_get_context(socket));
    return *why ? NULL : socket;
}

static bool reach(amqp_connection_state_t link, const struct rabbitmq_settings *rabbitmq,
                  const struct host_address *at)
{
    struct timeval limit = rabbit_timeval(RABBIT_ANSWER_MS);
    const char *why;
    amqp_socket_t *socket = make_socket(link, rabbitmq, at->host, &why);

    if (socket) {
        int rc = amqp_socket_open_noblock(socket, at->host, at->port, &limit);
        if (rc == AMQP_STATUS_OK)
            return true;
        why = rabbitmq->tls ? tls_client_why(&tls) : NULL;
        why = why ? why : amqp_error_string2(rc);
    }
    return tool_fail("RabbitMQ at %s:%u cannot be reached (%s); check RABBITMQ_HOST and "
                     "RABBITMQ_PORT, or RABBITMQ_HOSTS",
                     at->host, at->port, why);
}

// What may be behind a login that ended without an answer of RabbitMQ's, or NULL.
static const char *find_cause(const struct rabbitmq_settings *rabbitmq,
                              const struct host_address *at, int status)
{
    const char *why = rabbitmq->tls ? tls_client_why(&tls) : NULL;

    if (why || status == AMQP_STATUS_TIMEOUT)
        return why;
    if (rabbitmq->tls)
        return tls_client_guess(&tls, amqp_error_string2(status));
    return tls_probe(at->host, at->port, RABBITMQ_GREETING, PROBE_MS) ? RABBITMQ_SPEAKS_TLS : NULL;
}

static bool log_in(amqp_connection_state_t link, const struct rabbitmq_settings *rabbitmq,
                   const struct host_address *at)
{
    char doing[HOST_NAME_BYTES_MAX + 32];
    amqp_rpc_reply_t reply = amqp_login(link, rabbitmq->vhost, 0, FRAME_MAX, 0,
                                        AMQP_SASL_METHOD_PLAIN, rabbitmq->user, rabbitmq->password);
    const char *cause = reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
                            ? find_cause(rabbitmq, at, reply.library_error)
                            : NULL;

    snprintf(doing, sizeof(doing), "login at %s:%u", at->host, at->port);
    if (cause)
        return tool_fail("%s: %s", doing, cause);
    return granted(reply, doing) ||
           tool_fail("check RABBITMQ_USER, RABBITMQ_PASSWORD and RABBITMQ_VHOST");
}

static bool dial(amqp_connection_state_t link, const struct rabbitmq_settings *rabbitmq,
                 const struct host_address *at)
{
    struct timeval limit = rabbit_timeval(RABBIT_ANSWER_MS);

    if (!reach(link, rabbitmq, at))
        return false;
    amqp_set_handshake_timeout(link, &limit);
    amqp_set_rpc_timeout(link, &limit);
    return log_in(link, rabbitmq, at) && open_channel(link);
}

static amqp_connection_state_t open_at(const struct rabbitmq_settings *rabbitmq,
                                       const struct host_address *at)
{
    amqp_connection_state_t link = amqp_new_connection();

    if (!link) {
        tool_fail("out of memory");
        return NULL;
    }
    if (dial(link, rabbitmq, at))
        return link;
    rabbit_link_close(link);
    return NULL;
}

amqp_connection_state_t rabbit_link_open(const struct rabbitmq_settings *rabbitmq)
{
    amqp_connection_state_t link = NULL;

    assert(rabbitmq->hosts.count > 0); // or nothing would be tried, and nothing said
    for (size_t i = 0; i < rabbitmq->hosts.count && !link; i++)
        link = open_at(rabbitmq, &rabbitmq->hosts.items[i]);
    return link;
}

bool rabbit_link_close(amqp_connection_state_t link)
{
    if (!link)
        return true;
    bool answered =
        amqp_connection_close(link, AMQP_REPLY_SUCCESS).reply_type == AMQP_RESPONSE_NORMAL;
    amqp_destroy_connection(link);
    return answered;
}

bool rabbit_link_next_frame(amqp_connection_state_t link, const char *doing, uint8_t type,
                            void *out)
{
    struct timeval limit = rabbit_timeval(RABBIT_ANSWER_MS);
    amqp_frame_t *frame = out;
    int rc = amqp_simple_wait_frame_noblock(link, frame, &limit);

    if (rc != AMQP_STATUS_OK)
        return rabbit_link_fail(doing, rc);
    if (frame->frame_type == AMQP_FRAME_METHOD)
        return rabbit_link_fail_with(doing, &frame->payload.method);
    return frame->frame_type == type || rabbit_link_fail(doing, AMQP_STATUS_UNEXPECTED_STATE);
}

bool rabbit_link_reopen(amqp_connection_state_t link)
{
    amqp_channel_close_ok_t ok = {0};
    int rc = amqp_send_method(link, RABBIT_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);

    if (rc != AMQP_STATUS_OK)
        return rabbit_link_fail("answering that the channel was closed", rc);
    amqp_maybe_release_buffers(link);
    return open_channel(link);
}
