// ws-publish: publishes events to RabbitMQ as HomeTrip's services do.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/shared_settings.h"
#include "compose/tools/publisher.h"
#include "compose/tools/samples.h"
#include "compose/tools/tool.h"

#define MAX_BODY_BYTES   ((size_t)64 * 1024 * 1024)
#define DEFAULT_EXCHANGE "hometrip_events"

enum sample_kind { SAMPLE_NONE, SAMPLE_BOOKING, SAMPLE_MESSAGE, SAMPLE_NOTIFICATION };
static const char *const SAMPLE_NAMES[] = {"none", "booking", "message", "notification", NULL};

struct request {
    const char *exchange, *message_id, *user, *conversation;
    int sample;
    int64_t count, rate;
    struct rabbitmq_settings rabbitmq;
    const char *routing_key;
    struct buffer body;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--exchange", SETTING_TEXT, exchange, NULL, 0, 0, ""),
    TOOL_ROW("--message-id", SETTING_TEXT, message_id, NULL, 0, 0, ""),
    TOOL_ROW("--count", SETTING_NUMBER, count, "1", 1, 100000000, ""),
    TOOL_ROW("--rate", SETTING_NUMBER, rate, "0", 0, 1000000, ""),
    TOOL_ROW("--user", SETTING_TEXT, user, NULL, 0, 0, ""),
    TOOL_ROW("--conversation", SETTING_TEXT, conversation, "42", 0, 0, ""),
    {"--sample", SETTING_CHOICE, offsetof(struct request, sample), "none", 0, 0, SAMPLE_NAMES, ""},
    RABBITMQ_SETTINGS(struct request, rabbitmq, "User name for RabbitMQ"),
};

static const struct tool_option OPTIONS[] = {
    {"exchange", "NAME", "--exchange", 0, "exchange (default " DEFAULT_EXCHANGE ")"},
    {"message-id", "ID", "--message-id", 0,
     "AMQP message id; {n} is replaced by the event's number"},
    {"count", "N", "--count", 0, "publish N events; {n} in the body is replaced by 1 to N"},
    {"rate", "N", "--rate", 0, "events per second (default: as fast as they are confirmed)"},
    {"sample", "KIND", "--sample", 0,
     "publish a ready-made booking, message or notification to its exchange"},
    {"user", "ID", "--user", 0, "recipient of the sample (of a message: its sender)"},
    {"conversation", "ID", "--conversation", 0, "conversation of the message (default 42)"},
};

static void check(void *request, struct buffer *errors)
{
    rabbitmq_settings_finish(&((struct request *)request)->rabbitmq, errors);
}

static const struct tool TOOL = {
    .program = {.name = "ws-publish",
                .summary = "Publishes an event to RabbitMQ and prints whether a queue took it.\n"
                           "BODY is sent unchanged; - reads it from standard input.",
                .settings = SETTINGS,
                .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "ROUTING_KEY BODY\n       ws-publish [options] --sample KIND --user ID",
    .max_operands = 2,
    .options = OPTIONS,
    .check = check,
    .option_count = ARRAY_LEN(OPTIONS),
};

static bool read_stdin(struct buffer *body)
{
    if (file_read_stream(stdin, MAX_BODY_BYTES, body))
        return true;
    return errno == EFBIG ? tool_fail("the body is over 64 MB")
                          : tool_fail("standard input cannot be read: %s", strerror(errno));
}

static bool take_sample(struct request *request)
{
    const struct sample *sample = find_sample(span_of(SAMPLE_NAMES[request->sample]));

    if (!request->user)
        return tool_fail("whom is the sample for? give --user ID");
    sample->write_body(&request->body, span_of(request->user), span_of(request->conversation));
    request->routing_key = sample->routing_key;
    if (!request->exchange)
        request->exchange = sample->exchange;
    return true;
}

static bool take_operands(struct request *request, const struct tool_list *operands)
{
    if (request->sample != SAMPLE_NONE)
        return operands->count == 0 ? take_sample(request)
                                    : tool_fail("--sample takes no routing key and no body");
    if (operands->count < 2)
        return tool_fail("give a routing key and a body (- for standard input), or --sample; see "
                         "ws-publish --help");
    if (!request->exchange)
        request->exchange = DEFAULT_EXCHANGE;
    request->routing_key = operands->items[0];
    if (strcmp(operands->items[1], "-") == 0)
        return read_stdin(&request->body);
    buffer_append(&request->body, span_of(operands->items[1]));
    return true;
}

// Copies `text` with each {n} replaced by the number.
static void write_numbered(struct buffer *out, struct span text, int64_t number)
{
    const struct span mark = SPAN_LIT("{n}");

    buffer_clear(out);
    buffer_append(out, SPAN_LIT(""));
    while (text.len > 0) {
        if (span_starts_with(text, mark)) {
            buffer_append_uint(out, (uint64_t)number);
            text = span_skip(text, mark.len);
        } else {
            buffer_append_char(out, text.ptr[0]);
            text = span_skip(text, 1);
        }
    }
}

static bool send_one(struct publisher *publisher, const struct request *request, int64_t number)
{
    struct buffer body = {0}, id = {0};
    bool ok;

    write_numbered(&body, buffer_span(&request->body), number);
    write_numbered(&id, span_of(request->message_id), number);
    ok = publisher_send(publisher, &(struct publisher_message){
                                       .exchange = request->exchange,
                                       .routing_key = request->routing_key,
                                       .message_id = request->message_id ? id.ptr : NULL,
                                       .body = buffer_span(&body),
                                   });
    buffer_fini(&body);
    buffer_fini(&id);
    return ok;
}

static void sleep_until(uint64_t due_ms)
{
    uint64_t now = clock_monotonic_ms();

    if (now < due_ms) {
        uint64_t ms = due_ms - now;
        nanosleep(&(struct timespec){(time_t)(ms / 1000), (long)(ms % 1000 * 1000000)}, NULL);
    }
}

static bool send_all(struct publisher *publisher, const struct request *request)
{
    uint64_t start = clock_monotonic_ms();

    for (int64_t i = 0; i < request->count; i++) {
        if (request->rate > 0) {
            uint64_t due = start + (uint64_t)(i * 1000 / request->rate), now;
            if ((now = clock_monotonic_ms()) < due && !publisher_wait(publisher, due - now))
                return false;
            sleep_until(due);
        }
        if (!send_one(publisher, request, i + 1))
            return false;
    }
    return publisher_flush(publisher);
}

static bool report(const struct request *request, struct publisher_counts counts, uint64_t took_ms)
{
    // RabbitMQ confirms returned messages too. If the connection is lost, a message may be returned
    // and not confirmed.
    uint64_t taken = counts.confirmed > counts.returned ? counts.confirmed - counts.returned : 0;

    printf("%s on %s: %" PRIu64 " sent, %" PRIu64 " taken by a queue", request->routing_key,
           request->exchange, counts.published, taken);
    if (counts.returned > 0)
        printf(", %" PRIu64 " returned", counts.returned);
    if (counts.refused > 0)
        printf(", %" PRIu64 " refused", counts.refused);
    printf(" (%" PRIu64 " ms)\n", took_ms);
    return taken == (uint64_t)request->count;
}

static bool publish(const struct request *request)
{
    struct publisher *publisher = publisher_new(&request->rabbitmq);
    uint64_t start = clock_monotonic_ms();
    bool ok = publisher && send_all(publisher, request);

    if (publisher)
        ok = report(request, publisher_counts(publisher), clock_monotonic_ms() - start) && ok;
    publisher_free(publisher);
    return ok;
}

static enum tool_status run(void *request, const struct tool_list *operands)
{
    if (!take_operands(request, operands))
        return TOOL_USAGE;
    return publish(request) ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
