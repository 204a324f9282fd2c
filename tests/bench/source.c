#include "tests/bench/source.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "compose/tools/tool.h"
#include "tests/bench/measure.h"

#define SECOND_NS 1000000000ULL

struct source {
    struct source_plan plan;
    struct publisher *publisher;
    pthread_t thread;
    bool started;
    atomic_bool stopped;
    atomic_uint sent;
    atomic_int state;
};

static void sleep_until(uint64_t ns)
{
    struct timespec due = {(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
        ;
}

// Appends what stands before the text. Returns the routing key.
static const char *begin_body(const struct source_plan *plan, uint32_t i, struct buffer *body)
{
    if (plan->everybody) {
        buffer_printf(body, "{\"message");
        return "scale.notice";
    }
    if (plan->user) {
        buffer_printf(body, "{\"userId\":\"%s\",\"message", plan->user);
        return "notification.created";
    }
    buffer_printf(body, "{\"conversationId\":\"bench-%" PRIu32 "\",\"senderId\":\"bench\",\"text",
                  plan->first_room + i % plan->rooms);
    return "message.sent";
}

static bool send_message(struct source *source, uint32_t i, struct buffer *body)
{
    const struct source_plan *plan = &source->plan;

    buffer_clear(body);
    const char *routing_key = begin_body(plan, i, body);
    buffer_printf(body, "\":\"bench %" PRIu32 " %" PRIu64 "%*s\"}", i / plan->rooms, monotonic_ns(),
                  (int)plan->filling, "");
    return publisher_send(source->publisher,
                          &(struct publisher_message){.exchange = "hometrip-events",
                                                      .routing_key = routing_key,
                                                      .body = buffer_span(body)});
}

static bool send_all(struct source *source)
{
    const struct source_plan *plan = &source->plan;
    struct buffer body = {0};
    uint64_t start = monotonic_ns();
    bool ok = true;

    for (uint32_t i = 0; ok && (plan->messages == 0 || i < plan->messages); i++) {
        if (plan->rate > 0)
            sleep_until(start + i * SECOND_NS / plan->rate);
        if (atomic_load(&source->stopped))
            break;
        ok = send_message(source, i, &body);
        atomic_store(&source->sent, i + 1);
    }
    buffer_fini(&body);
    return ok && publisher_flush(source->publisher);
}

static bool all_were_taken(const struct source *source)
{
    struct publisher_counts counts = publisher_counts(source->publisher);

    if (counts.returned == 0 && counts.refused == 0)
        return true;
    return tool_fail("RabbitMQ returned %" PRIu64 " messages and refused %" PRIu64, counts.returned,
                     counts.refused);
}

static void *run(void *arg)
{
    struct source *source = arg;
    bool ok = send_all(source) && all_were_taken(source);

    atomic_store(&source->state, ok ? SOURCE_DONE : SOURCE_FAILED);
    return NULL;
}

struct source *source_new(const struct source_plan *plan)
{
    struct source *source = mem_zalloc(sizeof(*source));

    source->plan = *plan;
    atomic_init(&source->stopped, false);
    atomic_init(&source->sent, 0);
    atomic_init(&source->state, SOURCE_RUNS);
    source->publisher = publisher_new(plan->rabbitmq);
    if (source->publisher)
        return source;
    free(source);
    return NULL;
}

void source_start(struct source *source)
{
    source->started = pthread_create(&source->thread, NULL, run, source) == 0;
    if (!source->started) {
        tool_fail("no thread can be started");
        atomic_store(&source->state, SOURCE_FAILED);
    }
}

enum source_state source_state(const struct source *source)
{
    return (enum source_state)atomic_load(&source->state);
}

void source_stop(struct source *source)
{
    atomic_store(&source->stopped, true);
}

uint32_t source_sent(const struct source *source)
{
    return atomic_load(&source->sent);
}

void source_free(struct source *source)
{
    if (!source)
        return;
    source_stop(source);
    if (source->started)
        pthread_join(source->thread, NULL);
    publisher_free(source->publisher);
    free(source);
}

// The text arrives as `"message":"bench NUMBER NS`.
bool source_read(struct span packet, uint64_t *number, uint64_t *sent_ns)
{
    struct span before;

    if (!span_take_before(&packet, SPAN_LIT("\"message\":\"bench "), &before) ||
        !span_take_uint(&packet, UINT64_MAX, number) || !span_starts_with(packet, SPAN_LIT(" ")))
        return false;
    packet = span_skip(packet, 1);
    return span_take_uint(&packet, UINT64_MAX, sent_ns) && *sent_ns > 0;
}
