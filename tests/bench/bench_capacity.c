// bench-capacity: fills a queue of the gateway, and measures in which time it is emptied.
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "tests/bench/bare_consumer.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"
#include "tests/bench/source.h"

#define ROOMS 100

struct request {
    int64_t events, prefetch;
    const char *queue;
    struct rig rig;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--events", SETTING_NUMBER, events, "1000", 1, 10000000, ""),
    TOOL_ROW("--prefetch", SETTING_NUMBER, prefetch, "200", 1, 65535, ""),
    TOOL_ROW("--queue", SETTING_TEXT, queue, "websocket.message.sent", 0, 0, ""),
    RIG_SETTINGS,
};

static const struct tool_option OPTIONS[] = {
    {"events", "N", "--events", 0, "how many the queue has"},
    {"prefetch", "N", "--prefetch", 0, "how many are unacknowledged at most (consume)"},
    {"queue", "NAME", "--queue", 0, "the queue (consume, watch)"},
};

static void check(void *request, struct buffer *errors)
{
    rabbitmq_settings_finish(&((struct request *)request)->rig.rabbitmq, errors);
}

static const struct tool TOOL = {
    .program = {"bench-capacity",
                "Measures how many events per second come out of a queue of RabbitMQ.\n"
                "WHAT is fill, which publishes the events; consume, which takes them and does\n"
                "nothing else; or watch, which waits until another consumer has. Prints the rate.\n"
                "tests/bench/capacity starts all of it.",
                SETTINGS, ARRAY_LEN(SETTINGS), NULL, NULL},
    .synopsis = "WHAT",
    .max_operands = 1,
    .options = OPTIONS,
    .check = check,
    .option_count = ARRAY_LEN(OPTIONS),
};

static bool fill(const struct request *request)
{
    const struct source_plan plan = {
        .rabbitmq = &request->rig.rabbitmq,
        .rooms = ROOMS,
        .messages = (uint32_t)request->events,
    };
    struct source *source = source_new(&plan);

    if (!source)
        return false;
    source_start(source);
    while (source_state(source) == SOURCE_RUNS)
        sleep_ns(1000000);
    bool ok = source_state(source) == SOURCE_DONE;
    source_free(source);
    return ok;
}

static bool print_rate(const struct request *request, bool ok, double seconds)
{
    if (ok)
        printf("%.0f\n", (double)request->events / seconds);
    return ok;
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    struct request *request = arg;
    const struct rabbitmq_settings *rabbitmq = &request->rig.rabbitmq;
    struct span what = span_of(operands->count > 0 ? operands->items[0] : "");
    uint64_t events = (uint64_t)request->events;
    double seconds = 0;
    bool ok;

    if (span_is(what, "fill")) {
        ok = fill(request);
    } else if (span_is(what, "consume")) {
        ok = bare_consumer_run(rabbitmq, request->queue, events, (uint16_t)request->prefetch,
                               &seconds);
        ok = print_rate(request, ok, seconds);
    } else if (span_is(what, "watch")) {
        ok = bare_consumer_watch(rabbitmq, request->queue, events, &seconds);
        ok = print_rate(request, ok, seconds);
    } else {
        ok = tool_fail("give fill, consume or watch");
    }
    return ok ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
