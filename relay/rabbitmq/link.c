#include "relay/rabbitmq/link.h"

#include <stdio.h>
#include <sys/time.h>

struct timeval rabbit_timeval(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

struct span rabbit_span(amqp_bytes_t bytes)
{
    return (struct span){bytes.bytes, bytes.len};
}

amqp_bytes_t rabbit_bytes(struct span span)
{
    return (amqp_bytes_t){span.len, (void *)span.ptr};
}

amqp_table_entry_t rabbit_text_entry(const char *key, struct span text)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};

    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = rabbit_bytes(text);
    return entry;
}

amqp_table_entry_t rabbit_true_entry(const char *key)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};

    entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry.value.value.boolean = 1;
    return entry;
}

bool rabbit_lose(struct rabbit *r, const char *reason)
{
    r->usable = false;
    r->code = 0;
    snprintf(r->reason, sizeof(r->reason), "%s", reason);
    return false;
}

bool rabbit_lose_by(struct rabbit *r, int status)
{
    const char *why = r->has_tls ? tls_client_why(&r->tls) : NULL;

    return rabbit_lose(r, why ? why : amqp_error_string2(status));
}

// Keeps why RabbitMQ has closed the channel or the connection.
static void keep_reason(struct rabbit *r, uint16_t code, amqp_bytes_t text)
{
    r->code = code;
    snprintf(r->reason, sizeof(r->reason), SPAN_FMT, SPAN_ARG(rabbit_span(text)));
}

enum rabbit_status rabbit_take_close(struct rabbit *r, const amqp_method_t *method)
{
    if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
        const amqp_channel_close_t *close = method->decoded;
        amqp_channel_close_ok_t ok = {0};

        keep_reason(r, close->reply_code, close->reply_text);
        if (amqp_send_method(r->link, CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok) >= 0)
            return RABBIT_REFUSED;
    } else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
        const amqp_connection_close_t *close = method->decoded;
        amqp_connection_close_ok_t ok = {0};

        keep_reason(r, close->reply_code, close->reply_text);
        amqp_send_method(r->link, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
    } else {
        keep_reason(r, 0, amqp_cstring_bytes("unexpected answer of the broker"));
    }
    r->usable = false;
    return RABBIT_LOST;
}

enum rabbit_status rabbit_check_reply(struct rabbit *r, amqp_rpc_reply_t reply)
{
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        amqp_maybe_release_buffers(r->link);
        return RABBIT_OK;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        return rabbit_take_close(r, &reply.reply);
    default:
        rabbit_lose_by(r, reply.library_error);
        return RABBIT_LOST;
    }
}

enum rabbit_status rabbit_answer(struct rabbit *r)
{
    return rabbit_check_reply(r, amqp_get_rpc_reply(r->link));
}
