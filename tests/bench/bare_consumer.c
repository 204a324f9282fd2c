#include "tests/bench/bare_consumer.h"

#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>

#include "compose/tools/rabbit_link.h"
#include "tests/bench/measure.h"

#define DOING      "consuming"
#define ACKS_SHARE 4 // an acknowledgement is for a quarter of the prefetch
#define LOOK_NS    5000000

// Waits for the method that begins a delivery. Returns its tag; 0 with the reason on stderr.
static uint64_t next_tag(amqp_connection_state_t link)
{
    struct timeval limit = rabbit_timeval(RABBIT_ANSWER_MS);
    amqp_frame_t frame;
    int status = amqp_simple_wait_frame_noblock(link, &frame, &limit);

    if (status != AMQP_STATUS_OK) {
        rabbit_link_fail(DOING, status);
        return 0;
    }
    if (frame.frame_type != AMQP_FRAME_METHOD ||
        frame.payload.method.id != AMQP_BASIC_DELIVER_METHOD) {
        rabbit_link_fail(DOING, AMQP_STATUS_UNEXPECTED_STATE);
        return 0;
    }
    return ((const amqp_basic_deliver_t *)frame.payload.method.decoded)->delivery_tag;
}

// Reads one delivery whole. Returns its tag; 0 with the reason on stderr.
static uint64_t take(amqp_connection_state_t link)
{
    uint64_t tag = next_tag(link);
    amqp_frame_t frame;

    if (tag == 0 || !rabbit_link_next_frame(link, DOING, AMQP_FRAME_HEADER, &frame))
        return 0;
    for (uint64_t left = frame.payload.properties.body_size; left > 0;) {
        if (!rabbit_link_next_frame(link, DOING, AMQP_FRAME_BODY, &frame))
            return 0;
        left -= frame.payload.body_fragment.len;
    }
    amqp_maybe_release_buffers(link);
    return tag;
}

static bool begin(amqp_connection_state_t link, const char *queue, uint16_t prefetch)
{
    amqp_basic_qos(link, RABBIT_CHANNEL, 0, prefetch, 0);
    if (!rabbit_link_granted(link, "setting the prefetch"))
        return false;
    amqp_basic_consume(link, RABBIT_CHANNEL, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0,
                       amqp_empty_table);
    return rabbit_link_granted(link, DOING);
}

static bool take_all(amqp_connection_state_t link, uint64_t events, uint16_t prefetch)
{
    uint64_t every = prefetch >= ACKS_SHARE ? prefetch / ACKS_SHARE : 1;

    for (uint64_t i = 1; i <= events; i++) {
        uint64_t tag = take(link);
        if (tag == 0)
            return false;
        if (i % every != 0 && i < events)
            continue;
        int status = amqp_basic_ack(link, RABBIT_CHANNEL, tag, 1);
        if (status != AMQP_STATUS_OK)
            return rabbit_link_fail("acknowledging", status);
    }
    return true;
}

bool bare_consumer_run(const struct rabbitmq_settings *rabbitmq, const char *queue, uint64_t events,
                       uint16_t prefetch, double *seconds)
{
    amqp_connection_state_t link = rabbit_link_open(rabbitmq);

    if (!link)
        return false;
    uint64_t start = monotonic_ns();
    bool ok = begin(link, queue, prefetch) && take_all(link, events, prefetch);
    *seconds = (double)(monotonic_ns() - start) / 1e9;
    return rabbit_link_close(link) && ok;
}

// Returns false, with the reason on stderr, if RabbitMQ does not say.
static bool count_ready(amqp_connection_state_t link, const char *queue, uint64_t *out)
{
    const amqp_queue_declare_ok_t *state = amqp_queue_declare(
        link, RABBIT_CHANNEL, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);

    if (!rabbit_link_granted(link, "asking for the queue"))
        return false;
    *out = state->message_count;
    amqp_maybe_release_buffers(link);
    return true;
}

bool bare_consumer_watch(const struct rabbitmq_settings *rabbitmq, const char *queue,
                         uint64_t events, double *seconds)
{
    amqp_connection_state_t link = rabbit_link_open(rabbitmq);
    uint64_t start = monotonic_ns(), ready = events;
    bool ok = link != NULL;

    while (ok && ready > 0) {
        if (ready >= events)
            start = monotonic_ns();
        sleep_ns(LOOK_NS);
        ok = count_ready(link, queue, &ready);
    }
    *seconds = (double)(monotonic_ns() - start) / 1e9;
    return link && rabbit_link_close(link) && ok;
}
