#include "relay/rabbit.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/buffer.h"
#include "common/mem.h"

#define CHANNEL      1
#define FRAME_MAX    131072
#define HEADERS_MAX  8
#define PATIENCE_MS  4000
#define BODY_KEPT    ((size_t)1024 * 1024) // a larger buffer is given back after use
#define BODY_RESERVE ((uint64_t)64 * 1024) // what an announced length gets before it has come

struct short_text {
    uint8_t len;
    char bytes[UINT8_MAX];
};

// A message whose frames are still coming in.
struct incoming {
    enum rabbit_news kind; // RABBIT_NOTHING: none is
    bool has_header;
    uint64_t tag;
    bool redelivered;
    struct short_text consumer, exchange, routing_key;
    struct short_text content_type, message_id, traceparent;
    uint64_t body_size;
    struct buffer body;
};

struct rabbit {
    amqp_connection_state_t link;
    bool usable;
    int code;
    char reason[RABBIT_REASON_MAX];
    struct incoming incoming;
};

static struct timeval to_timeval(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static struct span to_span(amqp_bytes_t bytes)
{
    return (struct span){bytes.bytes, bytes.len};
}

static amqp_bytes_t to_bytes(struct span span)
{
    return (amqp_bytes_t){span.len, (void *)span.ptr};
}

static void keep_short(struct short_text *to, amqp_bytes_t from)
{
    to->len = (uint8_t)(from.len <= sizeof(to->bytes) ? from.len : 0);
    if (to->len > 0)
        memcpy(to->bytes, from.bytes, to->len);
}

static struct span short_span(const struct short_text *text)
{
    return (struct span){text->bytes, text->len};
}

static bool lose(struct rabbit *r, const char *reason)
{
    r->usable = false;
    r->code = 0;
    snprintf(r->reason, sizeof(r->reason), "%s", reason);
    return false;
}

static bool lose_by(struct rabbit *r, int status)
{
    return lose(r, amqp_error_string2(status));
}

// What the broker gave as the reason when it closed the channel or the connection.
static void keep_reason(struct rabbit *r, uint16_t code, amqp_bytes_t text)
{
    r->code = code;
    snprintf(r->reason, sizeof(r->reason), SPAN_FMT, SPAN_ARG(to_span(text)));
}

// A close that the broker sent; it waits for our answer.
static enum rabbit_status take_close(struct rabbit *r, const amqp_method_t *method)
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

static enum rabbit_status judge(struct rabbit *r, amqp_rpc_reply_t reply)
{
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        amqp_maybe_release_buffers(r->link);
        return RABBIT_OK;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        return take_close(r, &reply.reply);
    default:
        lose_by(r, reply.library_error);
        return RABBIT_LOST;
    }
}

// The answer to the last call of the library's that waited for one.
static enum rabbit_status answer(struct rabbit *r)
{
    return judge(r, amqp_get_rpc_reply(r->link));
}

static amqp_table_entry_t entry_of_text(const char *key, struct span value)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};

    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = to_bytes(value);
    return entry;
}

static amqp_table_entry_t entry_of_true(const char *key)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};

    entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry.value.value.boolean = 1;
    return entry;
}

static enum rabbit_status login(struct rabbit *r, const struct rabbit_options *o)
{
    amqp_table_entry_t able[] = {
        entry_of_true("authentication_failure_close"), entry_of_true("basic.nack"),
        entry_of_true("connection.blocked"),           entry_of_true("consumer_cancel_notify"),
        entry_of_true("publisher_confirms"),
    };
    amqp_table_entry_t about[] = {
        entry_of_text("connection_name", span_of(o->name)),
        {.key = amqp_cstring_bytes("capabilities")},
    };
    amqp_table_t properties = {ARRAY_LEN(about), about};

    about[1].value.kind = AMQP_FIELD_KIND_TABLE;
    about[1].value.value.table = (amqp_table_t){ARRAY_LEN(able), able};
    return judge(r, amqp_login_with_properties(r->link, o->vhost, 0, FRAME_MAX, o->heartbeat_s,
                                               &properties, AMQP_SASL_METHOD_PLAIN, o->user,
                                               o->password));
}

// Tries one address after the other; together they have RABBIT_CONNECT_MS.
static bool connect_to(struct rabbit *r, const struct addresses *addresses, int port)
{
    struct timeval wait = to_timeval(RABBIT_CONNECT_MS / (uint32_t)addresses->count);
    amqp_socket_t *socket = amqp_tcp_socket_new(r->link);
    int status = AMQP_STATUS_SOCKET_ERROR;

    if (!socket)
        abort(); // out of memory
    for (size_t i = 0; i < addresses->count && status != AMQP_STATUS_OK; i++)
        status = amqp_socket_open_noblock(socket, addresses->text[i], port, &wait);
    if (status == AMQP_STATUS_SOCKET_ERROR)
        return lose(r, "connection refused, or the host cannot be reached");
    return status == AMQP_STATUS_OK || lose_by(r, status);
}

static bool dial(struct rabbit *r, const struct rabbit_options *o)
{
    struct timeval wait = to_timeval(RABBIT_ANSWER_MS);
    unsigned patience_ms = PATIENCE_MS;
    struct addresses addresses;
    const char *unresolved = resolver_ask(o->resolver, RABBIT_CONNECT_MS, &addresses);

    if (unresolved)
        return lose(r, unresolved);
    if (!connect_to(r, &addresses, o->port))
        return false;
    // A peer that takes nothing more for so long is lost; a write would wait for ever.
    setsockopt(amqp_get_sockfd(r->link), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms,
               sizeof(patience_ms));
    amqp_set_handshake_timeout(r->link, &wait);
    amqp_set_rpc_timeout(r->link, &wait);
    return true;
}

struct rabbit *rabbit_open(const struct rabbit_options *options, char why[RABBIT_REASON_MAX])
{
    struct rabbit *r = mem_zalloc(sizeof(*r));

    r->link = amqp_new_connection();
    if (!r->link)
        abort(); // out of memory
    r->usable = true;
    if (dial(r, options) && login(r, options) == RABBIT_OK && rabbit_open_channel(r) == RABBIT_OK)
        return r;
    memcpy(why, r->reason, sizeof(r->reason));
    r->usable = false;
    rabbit_close(r);
    return NULL;
}

void rabbit_close(struct rabbit *r)
{
    if (!r)
        return;
    if (r->usable)
        amqp_connection_close(r->link, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(r->link);
    buffer_fini(&r->incoming.body);
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

enum rabbit_status rabbit_open_channel(struct rabbit *r)
{
    struct timeval no_wait = {0};
    amqp_frame_t stale;

    // Deliveries of the channel before this one: their tags mean nothing on the new one.
    while (amqp_frames_enqueued(r->link))
        if (amqp_simple_wait_frame_noblock(r->link, &stale, &no_wait) != AMQP_STATUS_OK)
            break;
    r->incoming.kind = RABBIT_NOTHING;
    amqp_channel_open(r->link, CHANNEL);
    return answer(r);
}

enum rabbit_status rabbit_declare_exchange(struct rabbit *r, struct span name)
{
    amqp_exchange_declare(r->link, CHANNEL, to_bytes(name), amqp_cstring_bytes("topic"), 0, 1, 0, 0,
                          amqp_empty_table);
    return answer(r);
}

enum rabbit_status rabbit_declare_queue(struct rabbit *r, const char *name)
{
    amqp_queue_declare(r->link, CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0, amqp_empty_table);
    return answer(r);
}

enum rabbit_status rabbit_count_waiting(struct rabbit *r, const char *queue, uint32_t *count)
{
    const amqp_queue_declare_ok_t *ok = amqp_queue_declare(
        r->link, CHANNEL, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);

    *count = ok ? ok->message_count : 0;
    return answer(r);
}

enum rabbit_status rabbit_bind(struct rabbit *r, const char *queue, struct span exchange,
                               const char *routing_key)
{
    amqp_queue_bind(r->link, CHANNEL, amqp_cstring_bytes(queue), to_bytes(exchange),
                    amqp_cstring_bytes(routing_key), amqp_empty_table);
    return answer(r);
}

enum rabbit_status rabbit_set_prefetch(struct rabbit *r, uint16_t prefetch)
{
    amqp_basic_qos(r->link, CHANNEL, 0, prefetch, 0);
    return answer(r);
}

enum rabbit_status rabbit_consume(struct rabbit *r, const char *queue, const char *consumer)
{
    amqp_basic_consume(r->link, CHANNEL, amqp_cstring_bytes(queue), amqp_cstring_bytes(consumer), 0,
                       0, 1, amqp_empty_table);
    return answer(r);
}

static void begin_incoming(struct incoming *in, enum rabbit_news kind)
{
    in->kind = kind;
    in->has_header = false;
    in->body_size = 0;
    in->content_type.len = in->message_id.len = in->traceparent.len = 0;
    if (in->body.cap > BODY_KEPT)
        buffer_fini(&in->body);
    else
        buffer_clear(&in->body);
}

static enum rabbit_news take_delivery(struct rabbit *r, const amqp_basic_deliver_t *method)
{
    struct incoming *in = &r->incoming;

    begin_incoming(in, RABBIT_DELIVERY);
    in->tag = method->delivery_tag;
    in->redelivered = method->redelivered;
    keep_short(&in->consumer, method->consumer_tag);
    keep_short(&in->exchange, method->exchange);
    keep_short(&in->routing_key, method->routing_key);
    return RABBIT_NOTHING; // not before its body has come
}

static enum rabbit_news take_confirm(uint64_t tag, bool multiple, enum rabbit_news kind,
                                     struct rabbit_message *out)
{
    *out = (struct rabbit_message){.tag = tag, .multiple = multiple};
    return kind;
}

static enum rabbit_news take_method(struct rabbit *r, const amqp_method_t *method,
                                    struct rabbit_message *out)
{
    switch (method->id) {
    case AMQP_BASIC_DELIVER_METHOD:
        return take_delivery(r, method->decoded);
    case AMQP_BASIC_RETURN_METHOD:
        begin_incoming(&r->incoming, RABBIT_REJECTED);
        return RABBIT_NOTHING;
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = method->decoded;
        return take_confirm(ack->delivery_tag, ack->multiple, RABBIT_CONFIRMED, out);
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = method->decoded;
        return take_confirm(nack->delivery_tag, nack->multiple, RABBIT_REJECTED, out);
    }
    case AMQP_CONNECTION_BLOCKED_METHOD:
        return RABBIT_BLOCKED;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        return RABBIT_UNBLOCKED;
    case AMQP_BASIC_CANCEL_METHOD:
        keep_reason(r, 0, amqp_cstring_bytes("a consumer's queue was deleted or moved"));
        return RABBIT_CANCELLED;
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
        take_close(r, method);
        r->usable = false;
        return RABBIT_GONE;
    default:
        return RABBIT_NOTHING;
    }
}

static bool find_header(const amqp_table_t *headers, const char *name, struct short_text *out)
{
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        bool is_text =
            entry->value.kind == AMQP_FIELD_KIND_UTF8 || entry->value.kind == AMQP_FIELD_KIND_BYTES;
        if (is_text && span_is(to_span(entry->key), name)) {
            keep_short(out, entry->value.value.bytes);
            return true;
        }
    }
    return false;
}

static void take_header(struct incoming *in, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *p = frame->payload.properties.decoded;

    in->has_header = true;
    in->body_size = frame->payload.properties.body_size;
    // A length is only a claim: what is beyond this grows as it comes.
    buffer_reserve(&in->body,
                   (size_t)(in->body_size < BODY_RESERVE ? in->body_size : BODY_RESERVE));
    if (p->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG)
        keep_short(&in->content_type, p->content_type);
    if (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
        keep_short(&in->message_id, p->message_id);
    if (p->_flags & AMQP_BASIC_HEADERS_FLAG)
        find_header(&p->headers, "traceparent", &in->traceparent);
}

static enum rabbit_news finish_incoming(struct incoming *in, struct rabbit_message *out)
{
    enum rabbit_news kind = in->kind;

    if (kind == RABBIT_NOTHING || !in->has_header || in->body.len < in->body_size)
        return RABBIT_NOTHING;
    *out = (struct rabbit_message){
        .tag = in->tag,
        .redelivered = in->redelivered,
        .consumer = short_span(&in->consumer),
        .exchange = short_span(&in->exchange),
        .routing_key = short_span(&in->routing_key),
        .content_type = short_span(&in->content_type),
        .message_id = short_span(&in->message_id),
        .traceparent = short_span(&in->traceparent),
        .body = buffer_span(&in->body),
    };
    in->kind = RABBIT_NOTHING;
    return kind;
}

static enum rabbit_news take_frame(struct rabbit *r, const amqp_frame_t *frame,
                                   struct rabbit_message *out)
{
    struct incoming *in = &r->incoming;

    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD:
        return take_method(r, &frame->payload.method, out);
    case AMQP_FRAME_HEADER:
        take_header(in, frame);
        return finish_incoming(in, out);
    case AMQP_FRAME_BODY:
        buffer_append(&in->body, to_span(frame->payload.body_fragment));
        return finish_incoming(in, out);
    default:
        return RABBIT_NOTHING;
    }
}

enum rabbit_news rabbit_next(struct rabbit *r, uint32_t wait_ms, struct rabbit_message *out)
{
    struct timeval wait = to_timeval(wait_ms);
    enum rabbit_news news = RABBIT_NOTHING;
    amqp_frame_t frame;

    while (news == RABBIT_NOTHING) {
        int status = amqp_simple_wait_frame_noblock(r->link, &frame, &wait);
        if (status == AMQP_STATUS_TIMEOUT)
            return RABBIT_NOTHING;
        if (status != AMQP_STATUS_OK) {
            lose_by(r, status);
            return RABBIT_GONE;
        }
        news = take_frame(r, &frame, out);
        amqp_maybe_release_buffers_on_channel(r->link, frame.channel);
    }
    return news;
}

bool rabbit_has_more(struct rabbit *r)
{
    return amqp_frames_enqueued(r->link) || amqp_data_in_buffer(r->link);
}

bool rabbit_ack(struct rabbit *r, uint64_t tag, bool multiple)
{
    int status = amqp_basic_ack(r->link, CHANNEL, tag, multiple);

    return status == AMQP_STATUS_OK || lose_by(r, status);
}

bool rabbit_send_heartbeat(struct rabbit *r)
{
    amqp_frame_t beat = {.frame_type = AMQP_FRAME_HEARTBEAT};
    int status = amqp_send_frame(r->link, &beat);

    return status == AMQP_STATUS_OK || lose_by(r, status);
}

enum rabbit_status rabbit_enable_confirms(struct rabbit *r)
{
    amqp_confirm_select(r->link, CHANNEL);
    return answer(r);
}

bool rabbit_publish(struct rabbit *r, const char *queue, const struct rabbit_message *message,
                    const struct rabbit_header *headers, size_t header_count)
{
    amqp_table_entry_t entries[HEADERS_MAX];
    amqp_basic_properties_t p = {
        ._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
    };

    assert(header_count <= HEADERS_MAX);
    for (size_t i = 0; i < header_count; i++)
        entries[i] = entry_of_text(headers[i].name, headers[i].value);
    p.headers = (amqp_table_t){(int)header_count, entries};
    if (message->content_type.len > 0) {
        p._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
        p.content_type = to_bytes(message->content_type);
    }
    if (message->message_id.len > 0) {
        p._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        p.message_id = to_bytes(message->message_id);
    }
    int status = amqp_basic_publish(r->link, CHANNEL, amqp_empty_bytes, amqp_cstring_bytes(queue),
                                    1, 0, &p, to_bytes(message->body));
    return status == AMQP_STATUS_OK || lose_by(r, status);
}
