#include "relay/rabbitmq/incoming.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/rabbitmq/incoming_internal.h"

#define BUFFER_KEPT   ((size_t)1024 * 1024) // a larger buffer is freed after use
#define BODY_RESERVE  ((size_t)64 * 1024)   // reserved for a body before it has come
#define BODY_LONG     ((uint64_t)1024 * 1024)
#define LONG_SLICE_MS 50
#define READ_WAIT_MS  40                    // a longer wait begins with it
#define AWAIT_MAX_MS  10000                 // for an answer, whatever comes before it
#define AWAIT_LARGE   ((size_t)1024 * 1024) // bytes of bodies that excuse a late answer

static void copy_short(struct short_text *to, amqp_bytes_t from)
{
    to->len = (uint8_t)(from.len <= sizeof(to->bytes) ? from.len : 0);
    if (to->len > 0)
        memcpy(to->bytes, from.bytes, to->len);
}

static struct span short_span(const struct short_text *text)
{
    return (struct span){text->bytes, text->len};
}

static void empty_buffer(struct buffer *buffer)
{
    if (buffer->cap > BUFFER_KEPT)
        buffer_fini(buffer);
    else
        buffer_clear(buffer);
}

static void begin_incoming(struct incoming *in, enum rabbit_news kind)
{
    in->kind = kind;
    in->has_header = false;
    in->body_size = in->received = in->body_kept = 0;
    in->message_id.len = in->traceparent.len = 0;
    empty_buffer(&in->properties);
    empty_buffer(&in->body);
}

static void free_message(struct incoming *message)
{
    if (!message)
        return;
    buffer_fini(&message->properties);
    buffer_fini(&message->body);
    free(message);
}

void rabbit_drop_incoming(struct rabbit *r)
{
    free_message(r->given);
    r->given = NULL;
    list_for_each (node, &r->backlog)
        free_message(list_entry(node, struct incoming, node));
    list_init(&r->backlog);
    r->backlog_bytes = 0;
    buffer_fini(&r->incoming.properties);
    buffer_fini(&r->incoming.body);
    r->incoming.kind = RABBIT_NOTHING;
}

static enum rabbit_news take_delivery(struct rabbit *r, const amqp_basic_deliver_t *method)
{
    struct incoming *in = &r->incoming;

    begin_incoming(in, RABBIT_DELIVERY);
    in->tag = method->delivery_tag;
    in->redelivered = method->redelivered;
    copy_short(&in->consumer, method->consumer_tag);
    copy_short(&in->exchange, method->exchange);
    copy_short(&in->routing_key, method->routing_key);
    return RABBIT_NOTHING; // its header and body follow
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
        begin_incoming(&r->incoming, RABBIT_RETURNED);
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
        rabbit_lose(r, "a consumer's queue was deleted or moved");
        r->usable = true; // rabbit_lose() has kept the reason; the connection still works
        return RABBIT_CANCELLED;
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
        rabbit_take_close(r, method);
        r->usable = false; // also if only the channel was closed: everything goes over it
        return RABBIT_GONE;
    default:
        return RABBIT_NOTHING;
    }
}

static void find_header(const amqp_table_t *headers, const char *name, struct short_text *out)
{
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        bool is_text =
            entry->value.kind == AMQP_FIELD_KIND_UTF8 || entry->value.kind == AMQP_FIELD_KIND_BYTES;
        if (is_text && span_is(rabbit_span(entry->key), name)) {
            copy_short(out, entry->value.value.bytes);
            return;
        }
    }
}

// How much of a body is kept. Of a body over the limit that is the beginning, for the dead letter.
static size_t wanted_of(const struct rabbit *r, uint64_t body_size)
{
    if (r->incoming.kind != RABBIT_DELIVERY)
        return 0;
    if (body_size <= r->max_body)
        return (size_t)body_size;
    return body_size < RABBIT_EXCERPT_BYTES ? (size_t)body_size : RABBIT_EXCERPT_BYTES;
}

static void take_header(struct rabbit *r, const amqp_frame_t *frame)
{
    const amqp_basic_properties_t *p = frame->payload.properties.decoded;
    struct incoming *in = &r->incoming;

    in->has_header = true;
    in->body_size = frame->payload.properties.body_size;
    in->body_kept = wanted_of(r, in->body_size);
    // The announced length may be wrong. Beyond this the buffer grows with what really comes.
    buffer_reserve(&in->body, in->body_kept < BODY_RESERVE ? in->body_kept : BODY_RESERVE);
    buffer_append(&in->properties, rabbit_span(frame->payload.properties.raw));
    if (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
        copy_short(&in->message_id, p->message_id);
    if (p->_flags & AMQP_BASIC_HEADERS_FLAG)
        find_header(&p->headers, "traceparent", &in->traceparent);
}

static void take_body(struct incoming *in, struct span part)
{
    size_t room = in->body_kept - in->body.len;

    in->received += part.len;
    if (part.len > room)
        part.len = room;
    buffer_append(&in->body, part);
}

static bool is_whole(const struct incoming *in)
{
    return in->kind != RABBIT_NOTHING && in->has_header && in->received >= in->body_size;
}

static void view_message(const struct incoming *in, struct rabbit_message *out)
{
    *out = (struct rabbit_message){
        .tag = in->tag,
        .redelivered = in->redelivered,
        .consumer = short_span(&in->consumer),
        .exchange = short_span(&in->exchange),
        .routing_key = short_span(&in->routing_key),
        .message_id = short_span(&in->message_id),
        .traceparent = short_span(&in->traceparent),
        .properties = buffer_span(&in->properties),
        .body = buffer_span(&in->body),
        .body_size = in->body_size,
    };
}

static enum rabbit_news finish_incoming(struct incoming *in, struct rabbit_message *out)
{
    enum rabbit_news kind = in->kind;

    if (!is_whole(in))
        return RABBIT_NOTHING;
    view_message(in, out);
    in->kind = RABBIT_NOTHING;
    return kind;
}

static enum rabbit_news take_frame(struct rabbit *r, const amqp_frame_t *frame,
                                   struct rabbit_message *out)
{
    switch (frame->frame_type) {
    case AMQP_FRAME_METHOD:
        return take_method(r, &frame->payload.method, out);
    case AMQP_FRAME_HEADER:
        take_header(r, frame);
        return finish_incoming(&r->incoming, out);
    case AMQP_FRAME_BODY:
        take_body(&r->incoming, rabbit_span(frame->payload.body_fragment));
        return finish_incoming(&r->incoming, out);
    default:
        return RABBIT_NOTHING;
    }
}

static enum rabbit_news take_from_backlog(struct rabbit *r, struct rabbit_message *out)
{
    free_message(r->given);
    r->given = NULL;
    if (list_empty(&r->backlog))
        return RABBIT_NOTHING;
    r->given = list_entry(r->backlog.next, struct incoming, node);
    list_unlink(&r->given->node);
    r->backlog_bytes -= r->given->properties.len + r->given->body.len;
    view_message(r->given, out);
    return RABBIT_DELIVERY;
}

// A long body is taken in slices of time, so that the caller can do its periodic work in between.
static bool is_slow(const struct incoming *in, uint64_t until_ms)
{
    return in->kind != RABBIT_NOTHING && in->body_size > BODY_LONG &&
           clock_monotonic_ms() >= until_ms;
}

// The library reads first, then polls, then reads again. If the read waits by itself, an event that
// comes meanwhile takes one call of the system instead of three. A read over TLS is several reads
// of the socket, and each would wait.
static void let_reads_wait(struct rabbit *r, bool wait)
{
    int socket = amqp_get_sockfd(r->link), no_wait = !wait;
    struct timeval limit = rabbit_timeval(READ_WAIT_MS);

    if (wait == r->reads_wait || r->has_tls)
        return;
    if (!r->limits_reads && setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0)
        return;
    r->limits_reads = true;
    if (ioctl(socket, FIONBIO, &no_wait) == 0)
        r->reads_wait = wait;
}

// The library polls for what is left of the time, in whole milliseconds, and cuts off the rest: of
// 1 ms nothing is left when it looks. A wait that ends too early is followed by another one, so the
// caller would go around without rest until its time has come.
static struct timeval at_least(uint32_t wait_ms)
{
    struct timeval wait = rabbit_timeval(wait_ms);

    if (wait_ms > 0)
        wait.tv_usec += 999; // below a second, as the rest is in whole milliseconds
    return wait;
}

enum rabbit_news rabbit_next(struct rabbit *r, uint32_t wait_ms, struct rabbit_message *out)
{
    uint64_t until_ms = clock_monotonic_ms() + (wait_ms > LONG_SLICE_MS ? wait_ms : LONG_SLICE_MS);
    struct timeval wait = at_least(wait_ms);
    enum rabbit_news news = take_from_backlog(r, out);
    amqp_frame_t frame;

    if (news == RABBIT_NOTHING)
        let_reads_wait(r, wait_ms >= READ_WAIT_MS);
    while (news == RABBIT_NOTHING && !is_slow(&r->incoming, until_ms)) {
        int status = amqp_simple_wait_frame_noblock(r->link, &frame, &wait);
        if (status == AMQP_STATUS_TIMEOUT)
            return RABBIT_NOTHING;
        if (status != AMQP_STATUS_OK) {
            if (!rabbit_refuse_unreadable(r, status))
                rabbit_lose_by(r, status);
            return RABBIT_GONE;
        }
        news = take_frame(r, &frame, out);
        amqp_maybe_release_buffers_on_channel(r->link, frame.channel);
    }
    return news;
}

// A read over TLS brings one record, which is mostly one message of RabbitMQ's; without TLS it
// brings all that is there.
static bool has_records(const struct rabbit *r)
{
    struct pollfd one = {.fd = amqp_get_sockfd(r->link), .events = POLLIN};

    return r->has_tls && poll(&one, 1, 0) == 1;
}

bool rabbit_has_more(struct rabbit *r)
{
    return !list_empty(&r->backlog) || amqp_frames_enqueued(r->link) ||
           amqp_data_in_buffer(r->link) || has_records(r);
}

// Moves the message that is now complete to the end of the backlog.
static void add_to_backlog(struct rabbit *r)
{
    struct incoming *message = mem_alloc(sizeof(*message));

    *message = r->incoming;
    r->incoming.properties = r->incoming.body = (struct buffer){0};
    list_append(&r->backlog, &message->node);
    r->backlog_bytes += message->properties.len + message->body.len;
}

static bool is_close(const amqp_frame_t *frame)
{
    return frame->frame_type == AMQP_FRAME_METHOD &&
           (frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ||
            frame->payload.method.id == AMQP_CONNECTION_CLOSE_METHOD);
}

static bool is_method(const amqp_frame_t *frame, amqp_method_number_t id)
{
    return frame->frame_type == AMQP_FRAME_METHOD && frame->payload.method.id == id;
}

// The answer has not come in time. If large deliveries in front of it took the time, a smaller
// prefetch helps; otherwise the broker is slow.
static enum rabbit_status give_up_waiting(struct rabbit *r, size_t body_bytes)
{
    if (body_bytes >= AWAIT_LARGE)
        return RABBIT_TOO_MUCH;
    rabbit_lose_by(r, AMQP_STATUS_TIMEOUT);
    return RABBIT_LOST;
}

enum rabbit_status rabbit_await(struct rabbit *r, amqp_method_number_t id, bool to_backlog,
                                size_t max_backlog_bytes)
{
    uint64_t until_ms = clock_monotonic_ms() + AWAIT_MAX_MS;
    struct timeval wait = rabbit_timeval(RABBIT_ANSWER_MS);
    enum rabbit_status status = RABBIT_OK;
    struct rabbit_message message;
    bool answered = false;
    size_t body_bytes = 0;
    amqp_frame_t frame;

    let_reads_wait(r, false);
    while (!answered && status == RABBIT_OK) {
        int got = amqp_simple_wait_frame_noblock(r->link, &frame, &wait);
        if (got != AMQP_STATUS_OK) {
            if (!rabbit_refuse_unreadable(r, got))
                rabbit_lose_by(r, got);
            return RABBIT_LOST;
        }
        if (is_close(&frame))
            status = rabbit_take_close(r, &frame.payload.method);
        else if (is_method(&frame, id))
            answered = true;
        else if (take_frame(r, &frame, &message) == RABBIT_DELIVERY && to_backlog)
            add_to_backlog(r);
        if (frame.frame_type == AMQP_FRAME_BODY)
            body_bytes += frame.payload.body_fragment.len;
        amqp_maybe_release_buffers_on_channel(r->link, frame.channel);
        if (r->backlog_bytes > max_backlog_bytes)
            return RABBIT_TOO_MUCH;
        if (!answered && status == RABBIT_OK && clock_monotonic_ms() > until_ms)
            return give_up_waiting(r, body_bytes);
    }
    return status;
}
