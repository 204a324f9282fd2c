#include "relay/rabbitmq/declare.h"

#include "relay/rabbitmq/link.h"

#define NOT_FOUND    404
#define PRECONDITION 406

// True if RabbitMQ has answered that there is no such exchange or queue. That closed the channel,
// so another one is opened; `status` is the result.
static bool is_missing(struct rabbit *r, enum rabbit_status *status)
{
    if (*status != RABBIT_REFUSED || r->code != NOT_FOUND)
        return false;
    *status = rabbit_open_channel(r);
    return *status == RABBIT_OK;
}

// PRECONDITION means that someone has created it meanwhile, with other arguments. It exists, which
// is enough.
static enum rabbit_status unless_made_meanwhile(struct rabbit *r, enum rabbit_status status)
{
    return status == RABBIT_REFUSED && r->code == PRECONDITION ? rabbit_open_channel(r) : status;
}

static enum rabbit_status declare_exchange(struct rabbit *r, struct span name, bool passive)
{
    amqp_exchange_declare(r->link, CHANNEL, rabbit_bytes(name), amqp_cstring_bytes("topic"),
                          passive, 1, 0, 0, amqp_empty_table);
    return rabbit_answer(r);
}

enum rabbit_status rabbit_ensure_exchange(struct rabbit *r, struct span name)
{
    enum rabbit_status status = declare_exchange(r, name, true);

    if (is_missing(r, &status))
        status = unless_made_meanwhile(r, declare_exchange(r, name, false));
    return status;
}

// The type is always given: a virtual host may have another default.
static enum rabbit_status create_queue(struct rabbit *r, const char *name,
                                       enum rabbit_queue_type type, bool consumed)
{
    amqp_table_entry_t entries[] = {
        rabbit_text_entry("x-queue-type", span_of(type == RABBIT_QUORUM ? "quorum" : "classic")),
        rabbit_true_entry("x-single-active-consumer"),
    };
    amqp_table_t arguments = {type == RABBIT_QUORUM && consumed ? 2 : 1, entries};

    amqp_queue_declare(r->link, CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0, arguments);
    return rabbit_answer(r);
}

enum rabbit_status rabbit_ensure_queue(struct rabbit *r, const char *name,
                                       enum rabbit_queue_type type, bool consumed)
{
    struct rabbit_queue_state state;
    enum rabbit_status status = rabbit_inspect_queue(r, name, &state);

    if (is_missing(r, &status))
        status = unless_made_meanwhile(r, create_queue(r, name, type, consumed));
    return status;
}

enum rabbit_status rabbit_inspect_queue(struct rabbit *r, const char *queue,
                                        struct rabbit_queue_state *out)
{
    const amqp_queue_declare_ok_t *ok = amqp_queue_declare(
        r->link, CHANNEL, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);

    *out = (struct rabbit_queue_state){ok ? ok->message_count : 0, ok ? ok->consumer_count : 0};
    return rabbit_answer(r);
}

enum rabbit_status rabbit_bind(struct rabbit *r, const char *queue, struct span exchange,
                               const char *routing_key)
{
    amqp_queue_bind(r->link, CHANNEL, amqp_cstring_bytes(queue), rabbit_bytes(exchange),
                    amqp_cstring_bytes(routing_key), amqp_empty_table);
    return rabbit_answer(r);
}
