#include "compose/tools/publisher.h"

#include <rabbitmq-c/amqp.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "compose/tools/tool.h"

#define MAX_WAITING 256
#define PERSISTENT  2

struct publisher {
    amqp_connection_state_t link;
    const char *user;
    uint64_t next;   // number of the next message in the channel's confirms
    uint64_t oldest; // first number without an answer; `next` if there is none
    bool answered[MAX_WAITING];
    bool said_returned;
    bool channel_closed; // by RabbitMQ; the connection may still work
    struct publisher_counts counts;
};

static bool ask_for_confirms(struct publisher *publisher)
{
    amqp_confirm_select(publisher->link, RABBIT_CHANNEL);
    return rabbit_link_granted(publisher->link, "asking for confirms");
}

struct publisher *publisher_new(const struct rabbitmq_settings *rabbitmq)
{
    struct publisher *publisher = mem_zalloc(sizeof(*publisher));

    publisher->next = publisher->oldest = 1;
    publisher->user = rabbitmq->user;
    publisher->link = rabbit_link_open(rabbitmq);
    if (publisher->link && ask_for_confirms(publisher))
        return publisher;
    publisher_free(publisher);
    return NULL;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    rabbit_link_close(publisher->link);
    free(publisher);
}

bool publisher_reopen(struct publisher *publisher)
{
    if (!publisher->channel_closed)
        return false;
    publisher->channel_closed = false;
    publisher->next = publisher->oldest = 1; // the confirms of a new channel begin at 1
    memset(publisher->answered, 0, sizeof(publisher->answered));
    return rabbit_link_reopen(publisher->link) && ask_for_confirms(publisher);
}

// Counts the answer to message `tag` or, with `multiple`, to all unanswered ones up to it. Answers
// may come in any order, so `oldest` only moves past messages that have one.
static void settle(struct publisher *publisher, uint64_t tag, bool multiple, uint64_t *count)
{
    uint64_t from = multiple ? publisher->oldest : tag;

    if (tag < publisher->oldest || tag >= publisher->next)
        return;
    for (uint64_t t = from; t <= tag; t++) {
        if (!publisher->answered[t % MAX_WAITING]) {
            publisher->answered[t % MAX_WAITING] = true;
            (*count)++;
        }
    }
    while (publisher->oldest < publisher->next &&
           publisher->answered[publisher->oldest % MAX_WAITING])
        publisher->answered[publisher->oldest++ % MAX_WAITING] = false;
}

static bool skip_content(struct publisher *publisher)
{
    static const char doing[] = "reading a returned message";
    amqp_frame_t frame;

    if (!rabbit_link_next_frame(publisher->link, doing, AMQP_FRAME_HEADER, &frame))
        return false;
    for (uint64_t left = frame.payload.properties.body_size; left > 0;) {
        amqp_maybe_release_buffers(publisher->link);
        if (!rabbit_link_next_frame(publisher->link, doing, AMQP_FRAME_BODY, &frame))
            return false;
        uint64_t len = frame.payload.body_fragment.len;
        left -= len < left ? len : left;
    }
    return true;
}

// RabbitMQ confirms a returned message as well, right after it.
static bool take_returned(struct publisher *publisher, const amqp_basic_return_t *method)
{
    publisher->counts.returned++;
    if (!publisher->said_returned)
        tool_fail("no queue takes the routing key \"%.*s\" of the exchange \"%.*s\" (%.*s): is the "
                  "relay running, and is this the right key?",
                  (int)method->routing_key.len, (const char *)method->routing_key.bytes,
                  (int)method->exchange.len, (const char *)method->exchange.bytes,
                  (int)method->reply_text.len, (const char *)method->reply_text.bytes);
    publisher->said_returned = true;
    return skip_content(publisher);
}

static bool handle_method(struct publisher *publisher, const amqp_method_t *method)
{
    switch (method->id) {
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = method->decoded;
        settle(publisher, ack->delivery_tag, ack->multiple, &publisher->counts.confirmed);
        return true;
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = method->decoded;
        settle(publisher, nack->delivery_tag, nack->multiple, &publisher->counts.refused);
        return true;
    }
    case AMQP_BASIC_RETURN_METHOD:
        return take_returned(publisher, method->decoded);
    default:
        publisher->channel_closed = method->id == AMQP_CHANNEL_CLOSE_METHOD;
        return rabbit_link_fail_with("publishing", method);
    }
}

bool publisher_wait(struct publisher *publisher, uint64_t ms)
{
    uint64_t end = clock_monotonic_ms() + ms, now;

    while (publisher->oldest < publisher->next && (now = clock_monotonic_ms()) <= end) {
        struct timeval limit = rabbit_timeval(end - now);
        amqp_frame_t frame;

        amqp_maybe_release_buffers(publisher->link);
        int rc = amqp_simple_wait_frame_noblock(publisher->link, &frame, &limit);
        if (rc == AMQP_STATUS_TIMEOUT)
            return true;
        if (rc != AMQP_STATUS_OK)
            return tool_fail("the connection to RabbitMQ was lost: %s", amqp_error_string2(rc));
        if (frame.frame_type == AMQP_FRAME_METHOD &&
            !handle_method(publisher, &frame.payload.method))
            return false;
    }
    return true;
}

// Waits until at most `most` messages have no answer.
static bool wait_for_answers(struct publisher *publisher, uint64_t most)
{
    uint64_t end = clock_monotonic_ms() + RABBIT_ANSWER_MS;

    while (publisher->next - publisher->oldest > most) {
        if (clock_monotonic_ms() > end)
            return tool_fail("RabbitMQ has not confirmed for %d s; is it out of memory or disk?",
                             RABBIT_ANSWER_MS / 1000);
        if (!publisher_wait(publisher, 100))
            return false;
    }
    return true;
}

static amqp_table_t write_headers(const struct publisher_message *message)
{
    amqp_table_entry_t *entries = mem_zalloc(message->header_count * sizeof(*entries));

    for (size_t i = 0; i < message->header_count; i++) {
        const struct message_header *header = &message->headers[i];
        entries[i].key = amqp_cstring_bytes(header->name);
        entries[i].value.kind = AMQP_FIELD_KIND_UTF8;
        entries[i].value.value.bytes = amqp_cstring_bytes(header->value);
    }
    return (amqp_table_t){(int)message->header_count, entries};
}

// The caller frees the headers.
static void write_properties(const struct publisher_message *message, amqp_basic_properties_t *out)
{
    *out = (amqp_basic_properties_t){
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
        .content_type =
            amqp_cstring_bytes(message->content_type ? message->content_type : "application/json"),
        .delivery_mode = PERSISTENT,
    };
    if (message->message_id) {
        out->_flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        out->message_id = amqp_cstring_bytes(message->message_id);
    }
    if (message->header_count > 0) {
        out->_flags |= AMQP_BASIC_HEADERS_FLAG;
        out->headers = write_headers(message);
    }
}

bool publisher_send(struct publisher *publisher, const struct publisher_message *message)
{
    amqp_bytes_t body = {message->body.len, (void *)message->body.ptr};
    amqp_basic_properties_t properties;

    if (!wait_for_answers(publisher, MAX_WAITING - 1))
        return false;
    if (message->of_letter)
        letter_properties_restore(message->of_letter, message->exchange[0] != '\0', publisher->user,
                                  message->headers, message->header_count, &properties);
    else
        write_properties(message, &properties);
    int rc =
        amqp_basic_publish(publisher->link, RABBIT_CHANNEL, amqp_cstring_bytes(message->exchange),
                           amqp_cstring_bytes(message->routing_key), 1, 0, &properties, body);
    if (properties._flags & AMQP_BASIC_HEADERS_FLAG)
        free(properties.headers.entries);
    if (rc != AMQP_STATUS_OK)
        return tool_fail("publishing failed: %s", amqp_error_string2(rc));
    publisher->next++;
    publisher->counts.published++;
    return true;
}

bool publisher_flush(struct publisher *publisher)
{
    return wait_for_answers(publisher, 0);
}

struct publisher_counts publisher_counts(const struct publisher *publisher)
{
    return publisher->counts;
}
