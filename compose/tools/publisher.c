#include "compose/tools/publisher.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/clock.h"
#include "common/mem.h"
#include "compose/tools/tool.h"

#define CHANNEL        1
#define FRAME_MAX      131072
#define MAX_WAITING    256
#define ANSWER_MS      15000
#define PERSISTENT     2
#define UNKNOWN_STATUS "the broker answered with something unexpected"

struct publisher {
    amqp_connection_state_t connection;
    uint64_t next;   // delivery tag of the next message
    uint64_t oldest; // lowest tag without an answer; equal to `next` when there is none
    bool answered[MAX_WAITING];
    bool said_returned;
    struct publisher_counts counts;
};

static struct timeval timeval_of(uint64_t ms)
{
    return (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
}

static bool fail_with_method(const char *doing, const amqp_method_t *method)
{
    amqp_bytes_t text = {0, NULL};

    if (method->id == AMQP_CONNECTION_CLOSE_METHOD)
        text = ((amqp_connection_close_t *)method->decoded)->reply_text;
    else if (method->id == AMQP_CHANNEL_CLOSE_METHOD)
        text = ((amqp_channel_close_t *)method->decoded)->reply_text;
    if (!text.bytes)
        return tool_fail("%s: " UNKNOWN_STATUS, doing);
    return tool_fail("%s: RabbitMQ says: %.*s", doing, (int)text.len, (const char *)text.bytes);
}

static bool check(const char *doing, amqp_rpc_reply_t reply)
{
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return true;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        return tool_fail("%s: %s", doing, amqp_error_string2(reply.library_error));
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        return fail_with_method(doing, &reply.reply);
    default:
        return tool_fail("%s: " UNKNOWN_STATUS, doing);
    }
}

static bool dial(struct publisher *publisher, const struct publisher_target *target)
{
    amqp_connection_state_t c = publisher->connection;
    amqp_socket_t *socket = amqp_tcp_socket_new(c);
    struct timeval limit = timeval_of(ANSWER_MS);
    int rc = socket ? amqp_socket_open_noblock(socket, target->host, target->port, &limit)
                    : AMQP_STATUS_NO_MEMORY;

    if (rc != AMQP_STATUS_OK)
        return tool_fail("RabbitMQ at %s:%d cannot be reached (%s); check RABBITMQ_HOST and "
                         "RABBITMQ_PORT",
                         target->host, target->port, amqp_error_string2(rc));
    amqp_set_handshake_timeout(c, &limit);
    amqp_set_rpc_timeout(c, &limit);
    if (!check("login", amqp_login(c, target->vhost, 0, FRAME_MAX, 0, AMQP_SASL_METHOD_PLAIN,
                                   target->user, target->password)))
        return tool_fail("check RABBITMQ_USER, RABBITMQ_PASSWORD and RABBITMQ_VHOST");
    amqp_channel_open(c, CHANNEL);
    if (!check("opening a channel", amqp_get_rpc_reply(c)))
        return false;
    amqp_confirm_select(c, CHANNEL);
    return check("asking for confirms", amqp_get_rpc_reply(c));
}

struct publisher *publisher_new(const struct publisher_target *target)
{
    struct publisher *publisher = mem_zalloc(sizeof(*publisher));

    publisher->next = publisher->oldest = 1;
    publisher->connection = amqp_new_connection();
    if (!publisher->connection) {
        tool_fail("out of memory");
    } else if (dial(publisher, target)) {
        return publisher;
    }
    publisher_free(publisher);
    return NULL;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    if (publisher->connection) {
        amqp_connection_close(publisher->connection, AMQP_REPLY_SUCCESS);
        amqp_destroy_connection(publisher->connection);
    }
    free(publisher);
}

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

// A returned message is confirmed as well, right afterwards.
static bool take_returned(struct publisher *publisher, const amqp_basic_return_t *method)
{
    amqp_message_t message;

    publisher->counts.returned++;
    if (!publisher->said_returned)
        tool_fail("no queue takes the routing key \"%.*s\" of the exchange \"%.*s\" (%.*s): is the "
                  "relay running, and is this the right key?",
                  (int)method->routing_key.len, (const char *)method->routing_key.bytes,
                  (int)method->exchange.len, (const char *)method->exchange.bytes,
                  (int)method->reply_text.len, (const char *)method->reply_text.bytes);
    publisher->said_returned = true;
    if (!check("reading a returned message",
               amqp_read_message(publisher->connection, CHANNEL, &message, 0)))
        return false;
    amqp_destroy_message(&message);
    return true;
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
        return fail_with_method("publishing", method);
    }
}

bool publisher_wait(struct publisher *publisher, uint64_t ms)
{
    uint64_t end = clock_monotonic_ms() + ms, now;

    while (publisher->oldest < publisher->next && (now = clock_monotonic_ms()) <= end) {
        struct timeval limit = timeval_of(end - now);
        amqp_frame_t frame;

        amqp_maybe_release_buffers(publisher->connection);
        int rc = amqp_simple_wait_frame_noblock(publisher->connection, &frame, &limit);
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

// Waits until at most `most` messages are without an answer.
static bool wait_for_answers(struct publisher *publisher, uint64_t most)
{
    uint64_t end = clock_monotonic_ms() + ANSWER_MS;

    while (publisher->next - publisher->oldest > most) {
        if (clock_monotonic_ms() > end)
            return tool_fail("RabbitMQ has not confirmed for %d s; is it out of memory or disk?",
                             ANSWER_MS / 1000);
        if (!publisher_wait(publisher, 100))
            return false;
    }
    return true;
}

bool publisher_send(struct publisher *publisher, const struct publisher_message *message)
{
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .delivery_mode = PERSISTENT,
    };
    amqp_bytes_t body = {message->body.len, (void *)message->body.ptr};

    if (message->message_id) {
        properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        properties.message_id = amqp_cstring_bytes(message->message_id);
    }
    if (!wait_for_answers(publisher, MAX_WAITING - 1))
        return false;
    int rc =
        amqp_basic_publish(publisher->connection, CHANNEL, amqp_cstring_bytes(message->exchange),
                           amqp_cstring_bytes(message->routing_key), 1, 0, &properties, body);
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
